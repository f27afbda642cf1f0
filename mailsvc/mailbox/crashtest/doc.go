// Package crashtest proves that what was acknowledged survives.
//
// A child process (this test binary again) works on a store of bodies and
// mailboxes and writes a line to its parent after every acknowledgement. The
// parent ends it in the middle, opens the store and compares: everything that
// was acknowledged is there, byte for byte; nothing is there twice; UIDs and
// MODSEQs never went back; every invariant holds.
//
// Ways to end: kill -9 at a random moment; exit at each crash point; the n-th
// write, flush, rename, open, truncation, creation or removal failing, for every
// n, by a filter of system calls that the child puts on itself; a full disk (a
// limit of the file size); and with build tag "crash", which needs root, loop
// devices and mkfs.ext4: power loss, by the shutdown ioctl of ext4 on a mounted
// image, and a small file system that fills up. What was refused must not be
// there either. Each has a negative control: a child that does it wrong must be
// caught within ten cycles.
//
// VANTHU_CRASH_CYCLES sets the number of cycles, and how many of the calls fail.
package crashtest
