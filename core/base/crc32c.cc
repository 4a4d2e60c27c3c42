#include "core/base/crc32c.h"

#include <array>

#if defined(DFS_HAVE_ISAL)
#include <isa-l/crc.h>
#else
#include <cryptopp/crc.h>
#endif

namespace dfs {
namespace {

// Polynomials over GF(2) modulo the Castagnoli polynomial, in the reflected order of the CRC
// register: bit 31 is x^0.
constexpr std::uint32_t kPolynomial = 0x82f63b78;

constexpr std::uint32_t multiply(std::uint32_t a, std::uint32_t b) {
  std::uint32_t product = 0;
  for (std::uint32_t bit = 0x80000000u; bit != 0; bit >>= 1) {
    if ((a & bit) != 0) product ^= b;
    b = (b & 1) != 0 ? (b >> 1) ^ kPolynomial : b >> 1;
  }
  return product;
}

// kPowers[i] = x^(8 * 2^i): appending 2^i zero bytes multiplies by it.
constexpr std::array<std::uint32_t, 64> make_powers() {
  std::array<std::uint32_t, 64> powers{};
  std::uint32_t power = 0x00800000u;  // x^8
  for (std::uint32_t& entry : powers) {
    entry = power;
    power = multiply(power, power);
  }
  return powers;
}
constexpr std::array<std::uint32_t, 64> kPowers = make_powers();

}  // namespace

std::uint32_t crc32c(Bytes data, std::uint32_t seed) {
#if defined(DFS_HAVE_ISAL)
  // The library takes an int length and a pointer to non-const that it does not write through.
  std::uint32_t state = ~seed;
  while (!data.empty()) {
    const std::size_t part = data.size() < (1u << 30) ? data.size() : (1u << 30);
    state = crc32_iscsi(const_cast<unsigned char*>(data.data()), static_cast<int>(part), state);
    data = data.subspan(part);
  }
  return ~state;
#else
  CryptoPP::CRC32C hash;
  std::uint8_t digest[4];
  hash.CalculateDigest(digest, data.data(), data.size());
  const std::uint32_t crc = get_le32(digest);
  return seed == 0 ? crc : crc32c_combine(seed, crc, data.size());
#endif
}

std::uint32_t crc32c_combine(std::uint32_t crc_a, std::uint32_t crc_b, std::uint64_t length_b) {
  for (std::size_t i = 0; length_b != 0; ++i, length_b >>= 1) {
    if ((length_b & 1) != 0) crc_a = multiply(crc_a, kPowers[i]);
  }
  return crc_a ^ crc_b;
}

}  // namespace dfs
