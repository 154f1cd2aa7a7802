package greet

import (
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestGreetsByName(t *testing.T) {
	want := []string{"Hello Ada", "Hello Grace"}
	if diff := cmp.Diff(want, new(Greeter).Greet("Ada", " Grace ")); diff != "" {
		t.Errorf("wrong greetings (-want +got):\n%s", diff)
	}
}

func TestCountsGreetingsOfAllGoroutines(t *testing.T) {
	var greeter Greeter
	var group sync.WaitGroup
	for i := 0; i < 20; i++ {
		group.Add(1)
		go func() {
			defer group.Done()
			greeter.Greet("Ada")
		}()
	}
	group.Wait()
	if greeter.Count() != 20 {
		t.Errorf("counted %d greetings instead of 20", greeter.Count())
	}
}
