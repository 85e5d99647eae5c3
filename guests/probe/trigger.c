// SPDX-License-Identifier: GPL-2.0
/*
 * /proc/kdt_probe/trigger: ways to bring a kernel down that need its own code. Write one of
 *
 *   panic        panic() in the writing task
 *   panic-irq    panic() in a hard interrupt handler: an hrtimer on the CPU of the writing task
 *   bug          BUG()
 *   null         a store to address 0
 *   overflow     recursion until the stack is used up
 *   soft-lockup  a loop with preemption off and interrupts on
 *   rcu-stall    the same inside an RCU read-side section, with a grace period waiting for it
 *   hung-task    the writing task sleeps, and nothing can wake it
 *   stray 0xPA   stores the word "Stray" at a physical address of RAM, through the linear map
 *   dma 0xPA     the same through a mapping of its own, which no protection of the linear map hinders: as a device would
 *
 * Whether the kernel panics of the last six is for its settings and its protection to say; `stray` and `dma` return
 * when the store has landed. The words of panic() name the CPU. Each way has a function of its own, not inlined, for a
 * backtrace to name.
 */
#include <linux/hrtimer.h>
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/preempt.h>
#include <linux/proc_fs.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/smp.h>
#include <linux/string.h>
#include <linux/uaccess.h>
#include <linux/version.h>
#include <linux/vmalloc.h>
#include "trigger.h"

static const char stray_word[] = "Stray";

static noinline void kdt_trigger_panic(u64 unused)
{
	panic("kdt: asked to panic in a task on CPU %u", raw_smp_processor_id());
}

static enum hrtimer_restart kdt_trigger_in_irq(struct hrtimer *timer)
{
	panic("kdt: asked to panic in a hard interrupt on CPU %u", raw_smp_processor_id());
	return HRTIMER_NORESTART;
}

static noinline void kdt_trigger_panic_irq(u64 unused)
{
	static struct hrtimer timer;

#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 13, 0) /* "hrtimers: Introduce hrtimer_setup() to replace hrtimer_init()" */
	hrtimer_setup(&timer, kdt_trigger_in_irq, CLOCK_MONOTONIC, HRTIMER_MODE_REL_PINNED_HARD);
#else
	hrtimer_init(&timer, CLOCK_MONOTONIC, HRTIMER_MODE_REL_PINNED_HARD);
	timer.function = kdt_trigger_in_irq;
#endif
	hrtimer_start(&timer, ms_to_ktime(10), HRTIMER_MODE_REL_PINNED_HARD);
	for (;;)
		cpu_relax();
}

static noinline void kdt_trigger_bug(u64 unused)
{
	BUG();
}

static noinline void kdt_trigger_null(u64 unused)
{
	volatile u32 *nowhere = NULL;

	OPTIMIZER_HIDE_VAR(nowhere);
	*nowhere = 1;
}

/* Each call keeps a buffer that the compiler may neither drop nor share, and returns through its caller. */
static noinline u64 kdt_trigger_recurse(u64 depth)
{
	volatile u8 buffer[256];

	memset((void *)buffer, (int)depth, sizeof(buffer));
	return buffer[depth % sizeof(buffer)] + (depth ? kdt_trigger_recurse(depth - 1) : 0) + buffer[0];
}

static noinline void kdt_trigger_overflow(u64 unused)
{
	kdt_trigger_recurse(1UL << 20);
}

static noinline void kdt_trigger_soft_lockup(u64 unused)
{
	preempt_disable();
	for (;;)
		cpu_relax();
}

static void grace_period_over(struct rcu_head *unused)
{
}

static noinline void kdt_trigger_rcu_stall(u64 unused)
{
	static struct rcu_head waits;

	preempt_disable();
	rcu_read_lock();
	call_rcu(&waits, grace_period_over);
	for (;;)
		cpu_relax();
}

static noinline void kdt_trigger_hung_task(u64 unused)
{
	for (;;) {
		set_current_state(TASK_UNINTERRUPTIBLE);
		schedule();
	}
}

static noinline void kdt_trigger_stray(u64 pa)
{
	memcpy(phys_to_virt(pa), stray_word, sizeof(stray_word) - 1);
}

static noinline void kdt_trigger_dma(u64 pa)
{
	struct page *pages[2] = { pfn_to_page(PHYS_PFN(pa)), pfn_to_page(PHYS_PFN(pa + sizeof(stray_word))) };
	u8 *at = vmap(pages, pages[0] == pages[1] ? 1 : 2, VM_MAP, PAGE_KERNEL);

	if (!at)
		return;
	memcpy(at + offset_in_page(pa), stray_word, sizeof(stray_word) - 1);
	vunmap(at);
}

static const struct {
	const char *name;
	void (*pull)(u64 pa);
	bool takes_address;
} triggers[] = {
	{ "panic", kdt_trigger_panic },
	{ "panic-irq", kdt_trigger_panic_irq },
	{ "bug", kdt_trigger_bug },
	{ "null", kdt_trigger_null },
	{ "overflow", kdt_trigger_overflow },
	{ "soft-lockup", kdt_trigger_soft_lockup },
	{ "rcu-stall", kdt_trigger_rcu_stall },
	{ "hung-task", kdt_trigger_hung_task },
	{ "stray", kdt_trigger_stray, true },
	{ "dma", kdt_trigger_dma, true },
};

static ssize_t trigger_write(struct file *file, const char __user *buffer, size_t count, loff_t *pos)
{
	char text[64], *name, *rest = text;
	size_t i;
	u64 pa = 0;

	if (count >= sizeof(text))
		return -EINVAL;
	if (copy_from_user(text, buffer, count))
		return -EFAULT;
	text[count] = '\0';
	name = strsep(&rest, " ");
	if (rest && kstrtou64(rest, 16, &pa))
		return -EINVAL;
	for (i = 0; i < ARRAY_SIZE(triggers); i++) {
		if (strcmp(name, triggers[i].name))
			continue;
		if (!rest == triggers[i].takes_address)
			return -EINVAL;
		if (rest && (!pfn_valid(PHYS_PFN(pa)) || !pfn_valid(PHYS_PFN(pa + sizeof(stray_word)))))
			return -ENXIO;
		triggers[i].pull(pa);
		return count;
	}
	return -EINVAL;
}

const struct proc_ops kdt_trigger_ops = {
	.proc_write = trigger_write,
};
