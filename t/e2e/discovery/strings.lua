-- SPDX-License-Identifier: GPL-3.0-or-later
-- dns_get_all_domains with text keys and as a list of tables.

local f = assert(io.open(os.getenv('TEST_LIB') .. '/../e2e/discovery/zone.txt'))
dofile(os.getenv('TEST_LIB') .. '/zone.lua')(
	{['test.'] = 7, ['deep.test.'] = 8, ['hidden.'] = 9}, f:read('*a'),
	{unlisted = true})
f:close()

function dns_get_all_domains()
	return {['test.'] = {id = 7}, {zone = 'deep.test', id = 8}}
end
