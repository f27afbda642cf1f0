//go:build !race

package document

// memoryLimits: a worker bounds its own data and address space.
const memoryLimits = true
