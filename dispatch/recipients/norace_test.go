//go:build !race

package recipients

// slower is how much the build may slow the tests down.
const slower = 1
