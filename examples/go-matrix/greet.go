// Package greet makes greetings.
package greet

import (
	"strings"
	"sync"
)

// Greeter greets, and counts how often it has. It may be used by several goroutines.
type Greeter struct {
	mutex sync.Mutex
	count int
}

// Greet returns a greeting for each of the names.
func (g *Greeter) Greet(names ...string) []string {
	g.mutex.Lock()
	defer g.mutex.Unlock()
	greetings := make([]string, 0, len(names))
	for _, name := range names {
		g.count++
		greetings = append(greetings, "Hello "+strings.TrimSpace(name))
	}
	return greetings
}

// Count returns how many greetings there were.
func (g *Greeter) Count() int {
	g.mutex.Lock()
	defer g.mutex.Unlock()
	return g.count
}
