//go:build race

package document

// memoryLimits: the race detector needs more address space than any limit that
// would protect the service; it is for tests only.
const memoryLimits = false
