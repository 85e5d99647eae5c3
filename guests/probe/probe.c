// SPDX-License-Identifier: GPL-2.0
/*
 * kdt_probe: how arm64 maps its linear map, and which of its pages take a store.
 *
 * Files in /proc/kdt_probe (numbers are decimal unless they start with 0x; every range is half-open, [start, end)):
 *
 *   range       write "0xSTART 0xEND": physical, page aligned, RAM throughout. It is what `map` and `store` look at,
 *               from the next open on. Reads back the same.
 *   linear_map  "granule <bytes>", "va_bits <n>", "start 0x<va>", "end 0x<va>", "tables <n>": the page-table pages
 *               below the root that serve the linear map; then for each kind of entry that occurs
 *               "leaf <level> <cont> <valid> <writable> <bytes>".
 *   map         one run a line: "0xSTART 0xEND <level> <cont> <valid> <writable>".
 *   store       one run a line: "0xSTART 0xEND landed|load_faulted|store_faulted". Reading it does the stores.
 *   segments, canaries, trigger    see segments.c, canaries.c, trigger.c.
 *
 * <level> is pgd, pud, pmd or pte by its place above the last level, or `none` where the entry is zero; <cont>,
 * <valid> and <writable> are 0 or 1 and are bits of the entry: the contiguous hint, valid, and not AP[2] (read-only).
 *
 * The walk follows what the hardware walks: TTBR1_EL1 and the size in TCR_EL1, not the kernel's page-table macros.
 * init_mm is not exported, and one walk then serves every granule, VA size and kernel version. It takes no lock: an
 * entry read while it changes is the old one or the new one. A table freed under the walk would need memory hot-unplug.
 *
 * The store puts back the byte it found, as an exclusive pair: a write by another CPU in between makes it start again.
 */
#include <linux/bits.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/proc_fs.h>
#include <linux/sched.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <asm/sysreg.h>
#include "canaries.h"
#include "segments.h"
#include "trigger.h"

/* VMSAv8-64 descriptor bits (Arm ARM, D8.3). */
#define ENTRY_VALID BIT_ULL(0)
#define ENTRY_TABLE BIT_ULL(1)
#define ENTRY_READ_ONLY BIT_ULL(7)
#define ENTRY_CONT BIT_ULL(52)
/* RAM of a QEMU virt machine lies below 2^48, so the folded bits of 52-bit physical addresses are zero. */
#define ENTRY_ADDRESS (GENMASK_ULL(47, 0) & ~(u64)(PAGE_SIZE - 1))
#define ROOT_ADDRESS GENMASK_ULL(47, 6)

#define BITS_PER_LEVEL (PAGE_SHIFT - 3)
#define ENTRIES_PER_TABLE (1UL << BITS_PER_LEVEL)

static const char *const level_names[] = { "pte", "pmd", "pud", "pgd", "p5d" };
#define TOP_LEVELS ARRAY_SIZE(level_names)

static DEFINE_MUTEX(range_lock);
static u64 range_start, range_end;

struct root {
	const u64 *table;
	unsigned int va_bits;
	unsigned int level; /* of the root: 0 is the last level */
};

static struct root read_root(void)
{
	struct root root;
	u64 tcr = read_sysreg(tcr_el1);

	root.va_bits = 64 - ((tcr >> 16) & 0x3f); /* T1SZ */
	root.level = (root.va_bits - PAGE_SHIFT - 1) / BITS_PER_LEVEL;
	root.table = phys_to_virt(read_sysreg(ttbr1_el1) & ROOT_ADDRESS);
	return root;
}

static unsigned int level_shift(unsigned int level)
{
	return PAGE_SHIFT + level * BITS_PER_LEVEL;
}

static bool is_table(u64 entry, unsigned int level)
{
	return level > 0 && (entry & (ENTRY_VALID | ENTRY_TABLE)) == (ENTRY_VALID | ENTRY_TABLE);
}

/* NULL for a table that is not in RAM: never seen, but a walker must not be what oopses the guest. */
static const u64 *next_table(u64 entry)
{
	u64 pa = entry & ENTRY_ADDRESS;

	return pfn_valid(PHYS_PFN(pa)) ? phys_to_virt(pa) : NULL;
}

/* ---- linear_map ---------------------------------------------------------------------------------------------- */

#define KINDS 8

struct census {
	u64 entries[TOP_LEVELS][KINDS];
	u64 tables;
	unsigned long start, end; /* virtual */
};

static unsigned int kind_of(u64 entry)
{
	return (entry & ENTRY_VALID) | (entry >> 51 & 2) | (~entry >> 5 & 4);
}

/*
 * Counts the entries of one table that serve [start, end). The two loops are apart because the last level has all but
 * a few hundred of the entries: 64 Mi of them in a 256 GiB guest.
 */
static void count_table(struct census *census, const u64 *table, unsigned int level, unsigned long va, unsigned long n)
{
	u64 *counts = census->entries[level];
	unsigned long i;

	if (level == 0) {
		for (i = 0; i < n; i++) {
			u64 entry = READ_ONCE(table[i]);

			if (entry)
				counts[kind_of(entry)]++;
		}
		return;
	}
	for (i = 0; i < n; i++) {
		unsigned long at = va + (i << level_shift(level));
		u64 entry = READ_ONCE(table[i]);
		const u64 *next;

		if (at < census->start || at >= census->end)
			continue;
		if (!is_table(entry, level)) {
			if (entry)
				counts[kind_of(entry)]++;
			continue;
		}
		next = next_table(entry);
		if (!next)
			continue;
		census->tables++;
		count_table(census, next, level - 1, at, ENTRIES_PER_TABLE);
		cond_resched();
	}
}

static int linear_map_show(struct seq_file *m, void *unused)
{
	struct root root = read_root();
	struct census *census = kzalloc(sizeof(*census), GFP_KERNEL);
	unsigned int level, kind;

	if (!census)
		return -ENOMEM;
	census->start = 0UL - (1UL << root.va_bits);
	census->end = PAGE_END;
	if (root.level < TOP_LEVELS)
		count_table(census, root.table, root.level, census->start,
			    1UL << (root.va_bits - level_shift(root.level)));

	seq_printf(m, "granule %lu\nva_bits %u\nstart 0x%lx\nend 0x%lx\ntables %llu\n", PAGE_SIZE, root.va_bits,
		   census->start, census->end, census->tables);
	for (level = 0; level < TOP_LEVELS; level++)
		for (kind = 0; kind < KINDS; kind++)
			if (census->entries[level][kind])
				seq_printf(m, "leaf %s %u %u %u %llu\n", level_names[level], kind >> 1 & 1, kind & 1,
					   kind >> 2 & 1, census->entries[level][kind] << level_shift(level));
	kfree(census);
	return 0;
}

/* ---- runs over the range: map and store ------------------------------------------------------------------------ */

/* What one page shows, packed so that equal pages merge into one run. */
struct run {
	u64 base, limit; /* the range when the file was opened */
	u64 start, end;
	u32 shows;
};

#define SHOWS_NONE 0xffffffffu

static u32 map_of_page(u64 pa)
{
	struct root root = read_root();
	unsigned long va = (unsigned long)phys_to_virt(pa);
	unsigned int level = root.level;
	const u64 *table = root.table;
	u64 entry;

	if (level >= TOP_LEVELS)
		return SHOWS_NONE;
	entry = READ_ONCE(table[(va & (BIT_ULL(root.va_bits) - 1)) >> level_shift(level)]);
	while (is_table(entry, level)) {
		table = next_table(entry);
		if (!table)
			return SHOWS_NONE;
		level--;
		entry = READ_ONCE(table[va >> level_shift(level) & (ENTRIES_PER_TABLE - 1)]);
	}
	return entry ? level << 3 | kind_of(entry) : SHOWS_NONE;
}

enum store_result { landed, load_faulted, store_faulted };

/* Newer kernels name an entry's handler: this one is for kernel addresses; wzr takes the error, which nobody needs. */
#ifdef _ASM_EXTABLE_KACCESS_ERR
#define FIXUP(from, to) _ASM_EXTABLE_KACCESS_ERR(from, to, wzr)
#else
#define FIXUP(from, to) _ASM_EXTABLE(from, to)
#endif

static u32 store_to_page(u64 pa)
{
	u8 *at = phys_to_virt(pa);
	u32 result, byte, busy;

	asm volatile("1:	mov	%w[result], %[load]\n"
		     "2:	ldxrb	%w[byte], [%[at]]\n"
		     "	mov	%w[result], %[store]\n"
		     "3:	stxrb	%w[busy], %w[byte], [%[at]]\n"
		     "	cbnz	%w[busy], 1b\n"
		     "	mov	%w[result], %[landed]\n"
		     "4:\n"
		     FIXUP(2b, 4b)
		     FIXUP(3b, 4b)
		     : [result] "=&r"(result), [byte] "=&r"(byte), [busy] "=&r"(busy)
		     : [at] "r"(at), [load] "i"(load_faulted), [store] "i"(store_faulted), [landed] "i"(landed)
		     : "memory");
	return result;
}

static struct run *find_run(struct seq_file *m, loff_t pos, u32 (*look)(u64 pa))
{
	struct run *run = m->private;

	if (pos == 0) {
		mutex_lock(&range_lock);
		run->base = range_start;
		run->limit = range_end;
		mutex_unlock(&range_lock);
	}
	run->start = run->base + ((u64)pos << PAGE_SHIFT);
	if (run->start >= run->limit)
		return NULL;
	run->shows = look(run->start);
	for (run->end = run->start + PAGE_SIZE; run->end < run->limit; run->end += PAGE_SIZE) {
		if (look(run->end) != run->shows)
			break;
		cond_resched();
	}
	return run;
}

/* The position is the number of the page, so a reader with a small buffer goes on where it stopped. */
static loff_t after(const struct run *run)
{
	return (run->end - run->base) >> PAGE_SHIFT;
}

static void runs_stop(struct seq_file *m, void *v) {}

static void *map_start(struct seq_file *m, loff_t *pos)
{
	return find_run(m, *pos, map_of_page);
}

static void *map_next(struct seq_file *m, void *v, loff_t *pos)
{
	*pos = after(v);
	return find_run(m, *pos, map_of_page);
}

static int map_show(struct seq_file *m, void *v)
{
	const struct run *run = v;

	if (run->shows == SHOWS_NONE)
		seq_printf(m, "0x%llx 0x%llx none 0 0 0\n", run->start, run->end);
	else
		seq_printf(m, "0x%llx 0x%llx %s %u %u %u\n", run->start, run->end, level_names[run->shows >> 3],
			   run->shows >> 1 & 1, run->shows & 1, run->shows >> 2 & 1);
	return 0;
}

static const struct seq_operations map_ops = {
	.start = map_start, .next = map_next, .stop = runs_stop, .show = map_show,
};

static void *store_start(struct seq_file *m, loff_t *pos)
{
	return find_run(m, *pos, store_to_page);
}

static void *store_next(struct seq_file *m, void *v, loff_t *pos)
{
	*pos = after(v);
	return find_run(m, *pos, store_to_page);
}

static int store_show(struct seq_file *m, void *v)
{
	static const char *const words[] = { "landed", "load_faulted", "store_faulted" };
	const struct run *run = v;

	seq_printf(m, "0x%llx 0x%llx %s\n", run->start, run->end, words[run->shows]);
	return 0;
}

static const struct seq_operations store_ops = {
	.start = store_start, .next = store_next, .stop = runs_stop, .show = store_show,
};

/* ---- range ----------------------------------------------------------------------------------------------------- */

static int range_show(struct seq_file *m, void *unused)
{
	mutex_lock(&range_lock);
	seq_printf(m, "0x%llx 0x%llx\n", range_start, range_end);
	mutex_unlock(&range_lock);
	return 0;
}

static int range_open(struct inode *inode, struct file *file)
{
	return single_open(file, range_show, NULL);
}

static int check_range(u64 start, u64 end)
{
	u64 pa;

	if (start >= end || (start | end) & (PAGE_SIZE - 1))
		return -EINVAL;
	for (pa = start; pa < end; pa += PAGE_SIZE) {
		if (!pfn_valid(PHYS_PFN(pa)))
			return -ENXIO;
		cond_resched();
	}
	return 0;
}

static ssize_t range_write(struct file *file, const char __user *buffer, size_t count, loff_t *pos)
{
	char text[64];
	u64 start, end;
	int error;

	if (count >= sizeof(text))
		return -EINVAL;
	if (copy_from_user(text, buffer, count))
		return -EFAULT;
	text[count] = '\0';
	if (sscanf(text, "%llx %llx", &start, &end) != 2)
		return -EINVAL;
	error = check_range(start, end);
	if (error)
		return error;
	mutex_lock(&range_lock);
	range_start = start;
	range_end = end;
	mutex_unlock(&range_lock);
	return count;
}

static const struct proc_ops range_ops = {
	.proc_open = range_open,
	.proc_read = seq_read,
	.proc_write = range_write,
	.proc_lseek = seq_lseek,
	.proc_release = single_release,
};

static int __init kdt_probe_init(void)
{
	struct proc_dir_entry *dir = proc_mkdir("kdt_probe", NULL);

	if (!dir)
		return -ENOMEM;
	if (!proc_create("range", 0600, dir, &range_ops) ||
	    !proc_create("segments", 0600, dir, &kdt_segments_ops) ||
	    !proc_create("trigger", 0200, dir, &kdt_trigger_ops) ||
	    !proc_create("canaries", 0600, dir, &kdt_canaries_ops) ||
	    !proc_create_single("linear_map", 0400, dir, linear_map_show) ||
	    !proc_create_seq_private("map", 0400, dir, &map_ops, sizeof(struct run), NULL) ||
	    !proc_create_seq_private("store", 0400, dir, &store_ops, sizeof(struct run), NULL)) {
		proc_remove(dir);
		return -ENOMEM;
	}
	return 0;
}

static void __exit kdt_probe_exit(void)
{
	remove_proc_subtree("kdt_probe", NULL);
}

module_init(kdt_probe_init);
module_exit(kdt_probe_exit);
MODULE_DESCRIPTION("kdt: linear map walk, fault-tolerant stores, and triggers");
MODULE_LICENSE("GPL");
