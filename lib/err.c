/* SPDX-License-Identifier: GPL-3.0-or-later
 * lib/err.c - texts of enum err. Runs in every process.
 */
#include "lib/err.h"

static const char *const texts[ERR_COUNT] = {
#define ERR(name, text) [ERR_##name] = (text),
#include "lib/err.tbl"
#undef ERR
};

const char *
err_text(enum err e)
{
	return (unsigned)e < ERR_COUNT ? texts[e] : "unknown error";
}
