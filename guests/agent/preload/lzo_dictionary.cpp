// What makedumpfile is run with where the guest's CPUs are emulated: a shared library that stands before liblzo2 and
// answers makedumpfile's lzo1x_1_compress() by liblzo2's own lzo1x_1_11_compress().
// Both make LZO1X, which one function decompresses. They differ in the dictionary that is cleared before each page of
// 4 KiB: 32 KiB of 16-bit places, or 4 KiB (D_BITS in lzo1x_1.c and lzo1x_1k.c of lzo 2.10). 2,048 places are as many
// as a page needs: what it saves is no larger. The memory that the caller brings for the former is enough for the
// latter. Not for: a guest of real CPUs, which clear memory faster than they compress; a guest of larger pages.

namespace {

using Size = unsigned long; // lzo_uint of a 64-bit liblzo2

} // namespace

extern "C" {

int lzo1x_1_11_compress(const unsigned char* from, Size size, unsigned char* to, Size* to_size, void* memory);

int lzo1x_1_compress(const unsigned char* from, Size size, unsigned char* to, Size* to_size, void* memory) {
  return lzo1x_1_11_compress(from, size, to, to_size, memory);
}
}
