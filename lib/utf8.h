/* SPDX-License-Identifier: GPL-3.0-or-later
 * lib/utf8.h - is it UTF-8, and may it be shown?
 */
#ifndef LIB_UTF8_H
#define LIB_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Bytes of the sequence at p, in a string that ends with 0, and its code
 * point; 0: it is none. */
size_t utf8_read(const unsigned char *p, uint32_t *code);
/* Does it move the cursor, end a line, or turn text around? */
bool utf8_is_unsafe(uint32_t code);

#endif
