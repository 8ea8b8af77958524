package main

import (
	"flag"
	"fmt"
	"io"
	"os"
	"strings"
)

func main() {
	commands := flag.Bool("commands", false, "print the commands that measure")
	short := flag.Bool("short", false, "take the short forms: small sizes, few rounds")
	flag.Parse()
	if *commands {
		printCommands(os.Stdout, *short)
		return
	}
	if err := printTable(os.Stdout, os.Stdin, *short); err != nil {
		fmt.Fprintln(os.Stderr, "figures:", err)
		os.Exit(1)
	}
}

func printCommands(w io.Writer, short bool) {
	for _, r := range runs {
		fmt.Fprintln(w, r.command(short))
	}
}

// printTable prints every claim with what output says of it, and fails if it
// says nothing of one.
func printTable(w io.Writer, output io.Reader, short bool) error {
	measured, err := parse(output)
	if err != nil {
		return fmt.Errorf("read the results: %w", err)
	}
	fmt.Fprintf(w, "Measured on: %s.", measured.machine)
	if short {
		fmt.Fprint(w, " Short form: sizes and rounds are too small to quote.")
	}
	fmt.Fprint(w, "\n\n| claim | figure | aim | met | command |\n|---|---|---|---|---|\n")
	var missing []string
	for _, c := range claims {
		figure, met := "not measured", ""
		if value, ok := measured.figure(c); ok {
			figure, met = fmt.Sprintf("%.2f %s", value, c.unit), c.aim.met(value)
		} else {
			missing = append(missing, c.says)
		}
		fmt.Fprintf(w, "| %s | %s | %s | %s | `%s` |\n", c.says, figure, c.aim, met, c.run.command(short))
	}
	if len(missing) > 0 {
		return fmt.Errorf("%d of %d figures are missing: %s", len(missing), len(claims), strings.Join(missing, "; "))
	}
	return nil
}
