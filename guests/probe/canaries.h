/* SPDX-License-Identifier: GPL-2.0 */
#pragma once

struct proc_ops;
extern const struct proc_ops kdt_canaries_ops;
