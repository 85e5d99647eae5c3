/* SPDX-License-Identifier: GPL-2.0 */
extern const struct proc_ops kdt_trigger_ops;
