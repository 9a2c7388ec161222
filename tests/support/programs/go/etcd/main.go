// Command etcd is the server of go.etcd.io/etcd/server, whose own main package is not in a module that can be built by name.
package main

import (
	"os"

	"go.etcd.io/etcd/server/v3/etcdmain"
)

func main() {
	etcdmain.Main(os.Args)
}
