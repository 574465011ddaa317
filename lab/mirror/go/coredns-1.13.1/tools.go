//go:build tools

// Package tools names the commands that the lab's mirror builds from this module.
package tools

import (
	_ "github.com/coredns/coredns"
)
