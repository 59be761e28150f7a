package localsm

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// ListenLoopback listens on a free port of 127.0.0.1.
func ListenLoopback(ctx context.Context) (net.Listener, error) {
	var lc net.ListenConfig
	return lc.Listen(ctx, "tcp4", "127.0.0.1:0")
}

// Listen listens on an address, "HOST:PORT".
func Listen(ctx context.Context, address string) (net.Listener, error) {
	network := "tcp"
	if host, _, err := net.SplitHostPort(address); err == nil && net.ParseIP(host).To4() != nil {
		network = "tcp4" // 0.0.0.0 would be every address of IPv6, too
	}
	var lc net.ListenConfig
	return lc.Listen(ctx, network, address)
}

// Serve answers requests on l until ctx is done, and closes l. It refuses a
// listener that isn't on a loopback address, unless [Options.Anywhere] allows
// it. Requests under way when ctx ends
// have a second to finish. The error is nil after ctx is done.
func (s *Server) Serve(ctx context.Context, l net.Listener) error {
	if a, ok := l.Addr().(*net.TCPAddr); !ok || !a.IP.IsLoopback() && !s.o.Anywhere {
		_ = l.Close()
		return fmt.Errorf("refusing to serve secrets on %s: not a loopback address", l.Addr())
	}
	srv := &http.Server{
		Handler:           s,
		ReadHeaderTimeout: 10 * time.Second,
		ReadTimeout:       time.Minute,
		WriteTimeout:      time.Minute,
		MaxHeaderBytes:    64 << 10,
		ErrorLog:          log.New(io.Discard, "", 0),
	}
	stopped := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(stopped)
		grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
		defer cancel()
		if srv.Shutdown(grace) != nil {
			_ = srv.Close()
		}
	})
	err := srv.Serve(l)
	if !stop() {
		<-stopped
	}
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return err
}

// isLoopbackHost reports whether a Host header names this machine, with or
// without a port: localhost or a literal loopback address. A name that merely
// resolves to one is what a rebinding attack uses.
func isLoopbackHost(host string) bool {
	name, port, err := net.SplitHostPort(host)
	if err != nil {
		name, port, err = net.SplitHostPort(host + ":80")
	}
	n, bad := strconv.ParseUint(port, 10, 16)
	if err != nil || bad != nil || n == 0 || strings.Contains(name, ":") != strings.HasPrefix(host, "[") {
		return false
	}
	return strings.EqualFold(name, "localhost") || net.ParseIP(name).IsLoopback()
}
