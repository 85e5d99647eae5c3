#include "vmcore/vmcoreinfo.hpp"

#include <gtest/gtest.h>

using kdt::vmcore::VmcoreInfo;

TEST(VmcoreInfo, ReadsLinesSymbolsOffsetsAndSizes) {
  VmcoreInfo info("OSRELEASE=6.1.0\nSYMBOL(prb)=ffff800008000000\nOFFSET(prb_desc.state_var)=8\nSIZE(prb_desc)=24\n");
  EXPECT_EQ(info.line("OSRELEASE"), "6.1.0");
  EXPECT_EQ(info.symbol("prb"), 0xffff800008000000u);
  EXPECT_EQ(info.offset("prb_desc.state_var"), 8u);
  EXPECT_EQ(info.size("prb_desc"), 24u);
}

TEST(VmcoreInfo, ReadsNumbersInTheBaseTheyAreWrittenIn) {
  VmcoreInfo info("NUMBER(VA_BITS)=48\nNUMBER(PHYS_OFFSET)=0xffffaeca00000000\nNUMBER(n)=-129\nNUMBER(x)=0x\n");
  EXPECT_EQ(info.number("VA_BITS"), 48u);
  EXPECT_EQ(info.number("PHYS_OFFSET"), 0xffffaeca00000000u);
  EXPECT_EQ(info.number("n"), std::nullopt);
  EXPECT_EQ(info.number("x"), std::nullopt);
}

TEST(VmcoreInfo, ReadsAPlainHexadecimalKey) {
  VmcoreInfo info("KERNELOFFSET=4734c4400000\nCRASHTIME=zz\n");
  EXPECT_EQ(info.hexadecimal("KERNELOFFSET"), 0x4734c4400000u);
  EXPECT_EQ(info.hexadecimal("CRASHTIME"), std::nullopt);
  EXPECT_EQ(info.hexadecimal("OSRELEASE"), std::nullopt);
}

TEST(VmcoreInfo, HasNothingForWhatIsMissingOrNoNumber) {
  VmcoreInfo info("=x\nnonsense\nSYMBOL(a)=xyz\nSIZE(b)=12z\nSIZE(c)=99999999999999999999999\n");
  EXPECT_EQ(info.line("OSRELEASE"), std::nullopt);
  EXPECT_EQ(info.symbol("a"), std::nullopt);
  EXPECT_EQ(info.size("b"), std::nullopt);
  EXPECT_EQ(info.size("c"), std::nullopt);
  EXPECT_TRUE(VmcoreInfo("").empty());
}
