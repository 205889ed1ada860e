# SPDX-License-Identifier: GPL-3.0-or-later
# build-aux/layers.awk - check the #include lines of files against doc/layers:
#   awk -f build-aux/layers.awk doc/layers FILE...
# Prints one line per breach; exit status 1 if there is any.

function breach(why) {
	printf "%s:%d: %s (doc/layers)\n", FILENAME, FNR, why
	breaches++
}

function folder_of(path) {
	return path ~ /\// ? substr(path, 1, index(path, "/") - 1) : "."
}

# The longest entry of doc/layers that speaks of this system header, or "".
function library_of(header,    dir) {
	dir = substr(header, 1, index(header, "/"))
	return header in owned ? header : dir in owned ? dir : ""
}

FILENAME == ARGV[1] {
	sub(/#.*/, "")
	if ($1 == "folder")
		known[$2]
	if ($1 == "header")
		owned[$2]
	for (i = 3; i <= NF; i++)
		word[$1, $2, $i]
	next
}

FNR == 1 {
	here = folder_of(FILENAME)
	free = ("folder", here, "*") in word
	if (!(here in known))
		breach("folder " here " is not listed")
}

/^[ \t]*#[ \t]*include[ \t]*["<]/ {
	split($0, part, /["<>]/)
	there = folder_of(part[2])
	if (("never", here, part[2]) in word)
		breach(here " must do without " part[2])
	if (free)
		next
	if ($0 ~ /"/) {
		if (there != here && !(("folder", here, there) in word))
			breach(here " may not include " part[2])
	} else {
		library = library_of(part[2])
		if (library != "" && !(("header", library, here) in word))
			breach("<" part[2] "> does not belong in " here)
	}
}

END { exit breaches > 0 }
