-- SPDX-License-Identifier: GPL-3.0-or-later
-- dns_get_all_domains lists test. and deep.test., not hidden.

local f = assert(io.open(os.getenv('TEST_LIB') .. '/../e2e/discovery/zone.txt'))
dofile(os.getenv('TEST_LIB') .. '/zone.lua')(
	{['test.'] = 7, ['deep.test.'] = 8, ['hidden.'] = 9}, f:read('*a'),
	{unlisted = true})
f:close()

function dns_get_all_domains()
	return {[newDN('test.')] = {id = 7}, [newDN('DEEP.test')] = {id = 8}}
end
