-- SPDX-License-Identifier: GPL-3.0-or-later
-- Never returns.
while true do
	pcall(function() while true do end end)
end
