// SPDX-License-Identifier: GPL-2.0
/*
 * /proc/kdt_probe/canaries: pages with a content that is known, for the dump to show; kdt/canary.h says which content.
 *
 * Each write is one command:
 *   key 0xKEY                  the key of what is planted from now on; what was planted before is forgotten, not freed
 *   kernel 0xNEAR 0xFROM 0xTO  a page of the kernel's: of those in [FROM, TO) that can be had, the nearest to NEAR
 *   zero 0xNEAR 0xFROM 0xTO    the same, full of zeros
 *   free 0xNEAR 0xFROM 0xTO    a page that is filled and given back, in the middle of a free block
 *   slab                       the first two pages of a slab of several: of a kmalloc object that begins it. Two lines
 *   user 0xVIRTUAL             plants nothing: where a page of the writing process lies. It will not move: it stays pinned
 * ENOENT: no page there can be had; ENOSPC: too many. Reading gives "KIND 0xPHYSICAL" for each command that succeeded.
 *
 * No module may ask the kernel for a page by its address (alloc_contig_range is not exported, and there only with
 * CONTIG_ALLOC). But the page allocator hands out the block at the head of a free list, so the wanted block is moved to
 * the head of its list, under the lock of its zone, and then asked for. Small blocks come from lists of each CPU first,
 * which have to be emptied; so they are wanted only where a range has nothing larger.
 */
#include <linux/gfp.h>
#include <linux/list.h>
#include <linux/mm.h>
#include <linux/mmzone.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/proc_fs.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/uaccess.h>
#include <kdt/canary.h>
#include "canaries.h"

#define LARGE 4 /* the first order that no CPU keeps a list of: above PAGE_ALLOC_COSTLY_ORDER */
#define MOST 1024
#define MOST_OBJECTS 64 /* kmalloc objects that are taken, at most, until one begins its slab */
#define MOST_OTHERS 4096 /* blocks that are taken and given back, at most, to get at a small one */

static DEFINE_MUTEX(lock);
static u64 key;
static unsigned int planted;
static struct {
	const char *kind;
	u64 address;
} plants[MOST];

struct block {
	struct page *head;
	unsigned int order;
};

/* ---- one free block of the page allocator ---------------------------------------------------------------------- */

static bool is_free(struct page *head, unsigned int order)
{
	return PageBuddy(head) && page_private(head) == order;
}

/* The free block, of at least this order, that holds this page frame; looked at without a lock. */
static bool free_block_of(unsigned long pfn, unsigned int order, struct block *block)
{
	for (; pfn_valid(pfn); order++) {
		unsigned long head = pfn & ~((1UL << order) - 1);

		if (!pfn_valid(head) || order >= ARRAY_SIZE(page_zone(pfn_to_page(head))->free_area))
			return false;
		if (is_free(pfn_to_page(head), order)) {
			*block = (struct block){ pfn_to_page(head), order };
			return true;
		}
	}
	return false;
}

/* The type of the list that an entry stands in: it is walked both ways at once, for the ends of memory are near one end
 * of it. Nothing but the heads lies in the array. */
static int list_of(const struct free_area *area, const struct list_head *entry)
{
	const struct list_head *ahead = entry->next, *behind = entry->prev;
	const struct list_head *first = area->free_list, *end = area->free_list + ARRAY_SIZE(area->free_list);

	for (;; ahead = ahead->next, behind = behind->prev) {
		if (ahead >= first && ahead < end)
			return ahead - first;
		if (behind >= first && behind < end)
			return behind - first;
	}
}

/* Moves the block to the head of its list; the type of that list, or -1 if the block is not free any more. */
static int move_forward(const struct block *block)
{
	struct zone *zone = page_zone(block->head);
	struct free_area *area = &zone->free_area[block->order];
	unsigned long flags;
	int type = -1;

	spin_lock_irqsave(&zone->lock, flags);
	if (is_free(block->head, block->order)) {
		type = list_of(area, &block->head->lru);
		list_move(&block->head->lru, &area->free_list[type]);
	}
	spin_unlock_irqrestore(&zone->lock, flags);
	return type;
}

/* What makes the allocator look into that zone and that list first; neither waits nor reclaims. */
static bool flags_for(const struct zone *zone, int type, gfp_t *flags)
{
	*flags = __GFP_NOWARN | __GFP_NORETRY | __GFP_NOMEMALLOC;
	if (type == MIGRATE_MOVABLE)
		*flags |= __GFP_MOVABLE;
	else if (type == MIGRATE_RECLAIMABLE)
		*flags |= __GFP_RECLAIMABLE;
	else if (type != MIGRATE_UNMOVABLE)
		return false;
#ifdef CONFIG_ZONE_DMA
	if (zone_idx(zone) == ZONE_DMA)
		*flags |= __GFP_DMA;
#endif
#ifdef CONFIG_ZONE_DMA32
	if (zone_idx(zone) == ZONE_DMA32)
		*flags |= __GFP_DMA32;
#endif
	return zone_idx(zone) <= ZONE_NORMAL;
}

static bool take(const struct block *block, unsigned int *others_left)
{
	int type = move_forward(block);
	struct page *got, *next;
	bool mine = false;
	LIST_HEAD(others);
	gfp_t flags;

	if (type < 0 || !flags_for(page_zone(block->head), type, &flags))
		return false;
	while (*others_left && (got = alloc_pages(flags, block->order))) {
		mine = got == block->head;
		if (mine)
			break;
		list_add(&got->lru, &others); /* of this CPU's list, or another CPU was faster */
		--*others_left;
		if (block->order >= LARGE)
			break;
	}
	list_for_each_entry_safe(got, next, &others, lru)
		__free_pages(got, block->order);
	return mine;
}

/* ---- planting -------------------------------------------------------------------------------------------------- */

struct place {
	unsigned long near, from, to; /* page frames */
};

static unsigned long nearest(const struct block *block, const struct place *place)
{
	unsigned long first = max(page_to_pfn(block->head), place->from);
	unsigned long last = min(page_to_pfn(block->head) + (1UL << block->order), place->to) - 1;

	return clamp(place->near, first, last);
}

/*
 * Goes outwards from the place and takes the first block of at least this order that it gets. The steps meet every such
 * block, but grow to a part of the way gone: above the memmap of a 256 GiB machine the nearest free block is gigabytes
 * away.
 */
static bool find_and_take(const struct place *place, unsigned int order, struct block *block)
{
	unsigned long below = place->near - place->from, above = place->to - 1 - place->near, away;
	unsigned int others_left = MOST_OTHERS;

	for (away = 0; others_left && away <= max(below, above); away += max(1UL << order, away >> 7)) {
		if (away <= above && free_block_of(place->near + away, order, block) && take(block, &others_left))
			return true;
		if (away <= below && free_block_of(place->near - away, order, block) && take(block, &others_left))
			return true;
		cond_resched();
	}
	return false;
}

/* Gives a block back but for one page: whichever half does not hold it goes as a whole. */
static void keep_one(struct block block, unsigned long pfn)
{
	while (block.order > 0) {
		struct page *half = block.head + (1UL << --block.order);
		bool upper = pfn >= page_to_pfn(half);

		set_page_count(half, 1); /* of a block only the head is counted */
		__free_pages(upper ? block.head : half, block.order);
		if (upper)
			block.head = half;
	}
}

static void fill(u64 address)
{
	u64 *words = phys_to_virt(address);
	unsigned int i;

	for (i = 0; i < PAGE_SIZE / sizeof(*words); i++)
		words[i] = kdt_canary_word(key, address + i * sizeof(*words));
}

static int note(const char *kind, u64 address)
{
	plants[planted].kind = kind;
	plants[planted++].address = address;
	return 0;
}

static int plant_kernel(const struct place *place, bool zero)
{
	struct block block;
	unsigned long pfn;

	if (!find_and_take(place, LARGE, &block) && !find_and_take(place, 0, &block))
		return -ENOENT;
	pfn = nearest(&block, place);
	keep_one(block, pfn);
	if (zero)
		clear_page(phys_to_virt(PFN_PHYS(pfn)));
	else
		fill(PFN_PHYS(pfn));
	return note(zero ? "zero" : "kernel", PFN_PHYS(pfn));
}

static int plant_free(const struct place *place)
{
	struct block block;
	u64 address;

	if (!find_and_take(place, LARGE, &block))
		return -ENOENT;
	address = page_to_phys(block.head) + (PAGE_SIZE << (block.order - 1));
	fill(address);
	__free_pages(block.head, block.order);
	return note("free", address);
}

/*
 * Of a slab of several pages only the first has the kernel's marks; how the others are told from a process's pages has
 * changed with kernel versions, and a dump tool that is behind leaves them out. The largest kmalloc cache has objects of
 * two pages. What does not begin its slab is given back at the end: else the next one would be the same.
 */
static int plant_slab(void)
{
	void *objects[MOST_OBJECTS], *found = NULL;
	unsigned int taken = 0;

	while (!found && taken < MOST_OBJECTS) {
		void *object = kmalloc(2 * PAGE_SIZE, GFP_KERNEL | __GFP_NOWARN);

		if (!object)
			break;
		if (virt_to_page(object) == virt_to_head_page(object))
			found = object;
		else
			objects[taken++] = object;
	}
	while (taken)
		kfree(objects[--taken]);
	if (!found)
		return -ENOENT;
	fill(virt_to_phys(found));
	fill(virt_to_phys(found) + PAGE_SIZE);
	note("slab", virt_to_phys(found));
	return note("slab", virt_to_phys(found) + PAGE_SIZE);
}

/* The page is never put again: one that is in use is not moved, which a system that runs out of memory does. */
static int locate_user(unsigned long virtual)
{
	struct page *page;
	int got = get_user_pages_fast(virtual, 1, 0, &page);

	if (got != 1)
		return got < 0 ? got : -EFAULT;
	return note("user", page_to_phys(page));
}

/* ---- the file -------------------------------------------------------------------------------------------------- */

static int obey(const char *text)
{
	char kind[8];
	u64 a = 0, b = 0, c = 0;
	int words = sscanf(text, "%7s %llx %llx %llx", kind, &a, &b, &c);
	struct place place = { PHYS_PFN(a), PHYS_PFN(b), PHYS_PFN(c) };

	if (words == 2 && !strcmp(kind, "key")) {
		key = a;
		planted = 0;
		return 0;
	}
	if (planted + 2 > MOST)
		return -ENOSPC;
	if (words == 1 && !strcmp(kind, "slab"))
		return plant_slab();
	if (words == 2 && !strcmp(kind, "user"))
		return locate_user(a);
	if (words != 4 || place.near < place.from || place.near >= place.to)
		return -EINVAL;
	if (!strcmp(kind, "kernel"))
		return plant_kernel(&place, false);
	if (!strcmp(kind, "zero"))
		return plant_kernel(&place, true);
	if (!strcmp(kind, "free"))
		return plant_free(&place);
	return -EINVAL;
}

static ssize_t canaries_write(struct file *file, const char __user *buffer, size_t count, loff_t *pos)
{
	char text[96];
	int error;

	if (count >= sizeof(text))
		return -EINVAL;
	if (copy_from_user(text, buffer, count))
		return -EFAULT;
	text[count] = '\0';
	mutex_lock(&lock);
	error = obey(text);
	mutex_unlock(&lock);
	return error ? error : count;
}

static int canaries_show(struct seq_file *m, void *unused)
{
	unsigned int i;

	mutex_lock(&lock);
	for (i = 0; i < planted; i++)
		seq_printf(m, "%s 0x%llx\n", plants[i].kind, plants[i].address);
	mutex_unlock(&lock);
	return 0;
}

static int canaries_open(struct inode *inode, struct file *file)
{
	return single_open(file, canaries_show, NULL);
}

const struct proc_ops kdt_canaries_ops = {
	.proc_open = canaries_open,
	.proc_read = seq_read,
	.proc_write = canaries_write,
	.proc_lseek = seq_lseek,
	.proc_release = single_release,
};
