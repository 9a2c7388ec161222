// Command coredns answers for the names of a cluster's Services and Pods, and for nothing else: CoreDNS with the
// plugins that this takes. Its own main package has some fifty, of which the clouds' ones alone build for minutes.
package main

import (
	"github.com/coredns/coredns/core/dnsserver"
	"github.com/coredns/coredns/coremain"

	_ "github.com/coredns/coredns/plugin/errors"
	_ "github.com/coredns/coredns/plugin/health"
	_ "github.com/coredns/coredns/plugin/kubernetes"
	_ "github.com/coredns/coredns/plugin/ready"
)

func init() {
	dnsserver.Directives = []string{"health", "ready", "errors", "kubernetes"}
}

func main() {
	coremain.Run()
}
