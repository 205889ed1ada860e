-- SPDX-License-Identifier: GPL-3.0-or-later
-- An error while the file runs, in line 8, called from line 11.

function dns_lookup() return {} end

local function read(t)
	-- t is nil
	return t.field
end

read(nil)
