//go:build tools

// Package tools names the command that the lab's mirror builds from this module.
package tools

import _ "github.com/Mirantis/cri-dockerd"
