// One piece of work by gophercloud: peers WORK ROOT ARGUMENT..., answers what Sample in item.ts has.
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"strconv"
	"syscall"
	"time"

	"github.com/gophercloud/gophercloud"
	"github.com/gophercloud/gophercloud/openstack/imageservice/v2/images"
)

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func usage() (cpu float64, resident float64) {
	var used syscall.Rusage
	check(syscall.Getrusage(syscall.RUSAGE_SELF, &used))
	seconds := func(time syscall.Timeval) float64 { return float64(time.Sec) + float64(time.Usec)/1e6 }
	return seconds(used.Utime) + seconds(used.Stime), float64(used.Maxrss) * 1024 / 1e6
}

func main() {
	work, root, arguments := os.Args[1], os.Args[2], os.Args[3:]
	client := &gophercloud.ServiceClient{
		ProviderClient: &gophercloud.ProviderClient{TokenID: "token"},
		Endpoint:       root + "/v2/",
		Type:           "image",
	}
	count, err := strconv.Atoi(arguments[0])
	check(err)
	began := time.Now()
	cpuBefore, _ := usage()
	if work == "list" {
		pages, err := images.List(client, images.ListOpts{Limit: count}).AllPages()
		check(err)
		all, err := images.ExtractImages(pages)
		check(err)
		if len(all) < 10000 {
			check(fmt.Errorf("only %d images", len(all)))
		}
	} else {
		for index := 0; index < count; index++ {
			change := images.UpdateImageProperty{Op: images.AddOp, Name: "build", Value: strconv.Itoa(index)}
			_, err := images.Update(client, arguments[1], images.UpdateOpts{change}).Extract()
			check(err)
		}
	}
	cpuAfter, resident := usage()
	sample := map[string]float64{
		"seconds":  time.Since(began).Seconds(),
		"cpu":      cpuAfter - cpuBefore,
		"resident": resident,
	}
	check(json.NewEncoder(os.Stdout).Encode(sample))
}
