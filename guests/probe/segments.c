// SPDX-License-Identifier: GPL-2.0
/*
 * /proc/kdt_probe/segments: what the kernel holds as its loaded crash image, whatever the page tables say.
 *
 * Write "0xADDRESS" of the kernel's variable kexec_crash_image, which /proc/kallsyms tells and no module may link to.
 * Then each read has one segment a line, "0xSTART 0xEND", page aligned and half-open; nothing if nothing is loaded.
 * ENODATA: no address was written, or the kernel has no kexec; EFAULT: nothing is readable there; EINVAL: what is there
 * is no image.
 *
 * Read without the kexec lock, which no module can take: whoever reads must not load meanwhile.
 */
#include <linux/kernel.h>
#include <linux/kexec.h>
#include <linux/module.h>
#include <linux/proc_fs.h>
#include <linux/seq_file.h>
#include <linux/uaccess.h>
#include "segments.h"

static u64 image_variable; /* the address of kexec_crash_image */

#ifdef CONFIG_KEXEC_CORE
/* The variable is read each time, every load makes another image; nothing that it leads to is trusted. */
static int segments_show(struct seq_file *m, void *unused)
{
	struct kimage **variable = (struct kimage **)(unsigned long)READ_ONCE(image_variable);
	struct kimage *image;
	unsigned long number, i;

	if (!variable)
		return -ENODATA;
	if (get_kernel_nofault(image, variable))
		return -EFAULT;
	if (!image)
		return 0;
	if (get_kernel_nofault(number, &image->nr_segments))
		return -EFAULT;
	if (number > KEXEC_SEGMENT_MAX)
		return -EINVAL;
	for (i = 0; i < number; i++) {
		struct kexec_segment segment;
		unsigned long end;

		if (get_kernel_nofault(segment, &image->segment[i]))
			return -EFAULT;
		end = segment.mem + segment.memsz;
		if (end < segment.mem || (segment.mem | end) & (PAGE_SIZE - 1))
			return -EINVAL;
		seq_printf(m, "0x%lx 0x%lx\n", segment.mem, end);
	}
	return 0;
}
#else
static int segments_show(struct seq_file *m, void *unused)
{
	return -ENODATA;
}
#endif

static int segments_open(struct inode *inode, struct file *file)
{
	return single_open(file, segments_show, NULL);
}

static ssize_t segments_write(struct file *file, const char __user *buffer, size_t count, loff_t *pos)
{
	u64 address;
	int error = kstrtou64_from_user(buffer, count, 16, &address);

	if (error)
		return error;
	WRITE_ONCE(image_variable, address);
	return count;
}

const struct proc_ops kdt_segments_ops = {
	.proc_open = segments_open,
	.proc_read = seq_read,
	.proc_write = segments_write,
	.proc_lseek = seq_lseek,
	.proc_release = single_release,
};
