//go:build race

package recipients

// slower is how much the race detector may slow the tests down.
const slower = 20
