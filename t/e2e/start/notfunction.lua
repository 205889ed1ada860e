-- SPDX-License-Identifier: GPL-3.0-or-later
-- dns_lookup is no function.

dns_lookup = 5
