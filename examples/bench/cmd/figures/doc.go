// Command figures turns the output of `go test -bench` into the table of what
// this module claims about its speed.
//
//	figures -commands [-short]    prints the shell commands that measure
//	figures [-short] < output     prints the table, in Markdown
//
// It fails if a figure is missing. An aim that is missed is said in the table
// and is no failure: it may be the machine's. The short form takes small sizes
// and few rounds; it shows that everything runs, and its figures are not to be
// quoted.
package main
