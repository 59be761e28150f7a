// Command app stands for the sample's Django app where there is no network to
// fetch one from: an image of it alone is built FROM scratch. It does what its
// name and its arguments say: "python -m django migrate" migrates, "gunicorn"
// serves until it is told to stop.
package main

import (
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"syscall"
	"time"
)

func main() {
	if filepath.Base(os.Args[0]) == "gunicorn" {
		serve()
		return
	}
	if slices.Contains(os.Args, "migrate") {
		os.Exit(migrate())
	}
	fmt.Fprintln(os.Stderr, "app: nothing to do")
	os.Exit(2)
}

func serve() {
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGTERM, os.Interrupt)
	if os.Getenv("HCI_STRIPE_API_KEY") == "" {
		fmt.Fprintln(os.Stderr, "app: HCI_STRIPE_API_KEY is not set")
		os.Exit(1)
	}
	fmt.Println("serving on 0.0.0.0:8000")
	<-stop
}

// migrate ends with the code that APP_MIGRATE_EXIT names, so that a failure can
// be shown.
func migrate() int {
	fmt.Println("Operations to perform:")
	for _, name := range []string{"0001_initial", "0002_orders", "0003_invoices"} {
		fmt.Printf("  Applying shop.%s...", name)
		time.Sleep(100 * time.Millisecond)
		fmt.Println(" OK")
	}
	code := 0
	if text := os.Getenv("APP_MIGRATE_EXIT"); text != "" {
		_, _ = fmt.Sscan(text, &code)
		fmt.Fprintln(os.Stderr, "django.db.utils.ProgrammingError: relation \"orders\" already exists")
	}
	return code
}
