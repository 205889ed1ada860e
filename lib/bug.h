/* SPDX-License-Identifier: GPL-3.0-or-later
 * lib/bug.h - attributes and the assertion that stays on in release builds.
 * Used everywhere. Invariant: bug_on never has side effects, and what it
 * checks can only be false when our own code is wrong, never through input.
 */
#ifndef LIB_BUG_H
#define LIB_BUG_H

#include <stddef.h>

#define MUST_CHECK __attribute__((warn_unused_result))
#define MAYBE_UNUSED __attribute__((unused))
#define NO_INLINE __attribute__((noinline))
#define NO_RETURN __attribute__((noreturn))
#define PRINTF_LIKE(fmt, args) __attribute__((format(printf, fmt, args)))
#define LIKELY(x) __builtin_expect(!!(x), 1)
#define UNLIKELY(x) __builtin_expect(!!(x), 0)

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

#define bug_on(x) \
	((void)(UNLIKELY(x) ? (bug_die(#x, __FILE__, __LINE__), 0) : 0))

/* Log the broken assertion and abort(). Any process. */
void bug_die(const char *what, const char *file, int line) NO_RETURN;

#endif
