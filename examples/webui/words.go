package webui

import (
	"fmt"
	"strconv"
	"strings"
	"unicode"

	"github.com/metabuilder/workflow-plugin-attachment-handler/scan"
)

// status is a scan status in words and a picture: never in colour alone.
type status struct {
	Name   string // class of the chip
	Label  string
	Icon   string
	Served bool
	Note   string // where the scanner gave no reason
}

func statusOf(s scan.Status) status {
	switch s {
	case scan.StatusClean:
		return status{"clean", "Clean", "check", true, ""}
	case scan.StatusPending:
		return status{"pending", "Pending", "clock", false, ""}
	case scan.StatusSuspicious:
		return status{"suspicious", "Suspicious", "alert", false, "The scanner was not sure."}
	case scan.StatusInfected:
		return status{"infected", "Infected", "shield", false, "The scanner found a threat."}
	case scan.StatusSkipped:
		return status{"skipped", "Skipped", "skip", true, "Not scanned: this workflow asked for no scan."}
	default:
		return status{"error", "Error", "alert", false, "The scanner could not judge it."}
	}
}

// size is a number of bytes for a person, in decimal units as disks and mail
// programs count.
func size(n int64) string {
	if n < 1000 {
		return plural(n, "byte")
	}
	value, units := float64(n), []string{"kB", "MB", "GB", "TB", "PB", "EB"}
	for i, unit := range units {
		value /= 1000
		if value < 999.5 || i == len(units)-1 {
			digits := 0
			if value < 9.95 {
				digits = 1
			}
			return strings.TrimSuffix(strconv.FormatFloat(value, 'f', digits, 64), ".0") + " " + unit
		}
	}
	return ""
}

func plural(n any, noun string) string {
	if text := fmt.Sprint(n); text != "1" {
		return text + " " + noun + "s"
	}
	return "1 " + noun
}

// visible spells out what a text hides: characters that show nothing, or turn
// what follows around.
func visible(text string) string {
	var b strings.Builder
	for _, r := range text {
		if unicode.IsPrint(r) || r == ' ' {
			b.WriteRune(r)
			continue
		}
		fmt.Fprintf(&b, "⟨%U⟩", r)
	}
	return b.String()
}
