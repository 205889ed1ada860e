-- SPDX-License-Identifier: GPL-3.0-or-later
-- dns_lookup is missing.

function dns_list() return {} end
