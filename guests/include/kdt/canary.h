/* SPDX-License-Identifier: GPL-2.0 */
#pragma once

/*
 * What a canary page holds, for whoever plants it (the probe module, the agent) and whoever looks for it in a dump (the
 * harness): C and C++. The eight bytes at a physical address are a function of the cell's key and of the address alone,
 * so that a page that was moved, lost, damaged or is of another run cannot pass. A random content does not compress:
 * dump tools store it as it is.
 *
 * splitmix64: Steele, Lea, Flood, "Fast splittable pseudorandom number generators" (OOPSLA 2014).
 */
static inline unsigned long long kdt_canary_word(unsigned long long key, unsigned long long address)
{
	unsigned long long z = key + (address / 8 + 1) * 0x9e3779b97f4a7c15ULL;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
	return z ^ (z >> 31);
}
