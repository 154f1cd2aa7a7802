// Command greet greets those whose names are its arguments.
package main

import (
	"fmt"
	"os"

	"example.com/greet"
)

func main() {
	var greeter greet.Greeter
	for _, greeting := range greeter.Greet(os.Args[1:]...) {
		fmt.Println(greeting)
	}
}
