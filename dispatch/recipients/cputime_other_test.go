//go:build !unix

package recipients

import "time"

var began = time.Now()

// processorTime stands in for the processor time of the process.
func processorTime() time.Duration { return time.Since(began) }
