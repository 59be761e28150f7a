package faultproxy

import (
	"context"
	"errors"
	"io"
	"net"
	"sync"
	"syscall"
)

// pipes is a listener in memory.
type pipes struct {
	conns  chan net.Conn
	closed chan struct{}
	once   sync.Once
}

func (l *pipes) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	client, server := net.Pipe()
	far := newSocket(server)
	select {
	case l.conns <- far:
		return newSocket(client), nil
	case <-l.closed:
		_ = far.Close()
		return nil, net.ErrClosed
	case <-ctx.Done():
		_ = far.Close()
		return nil, ctx.Err()
	}
}

func (l *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-l.conns:
		return c, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

func (l *pipes) Close() error {
	l.once.Do(func() { close(l.closed) })
	return nil
}

func (l *pipes) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 1} }

// socket is an end of a pipe that behaves as a socket does: what is written is
// on its way at once, arrives also if the end is closed then, and errors are a
// socket's.
type socket struct {
	net.Conn
	mu     sync.Mutex
	more   *sync.Cond
	queue  [][]byte
	closed bool
}

func newSocket(c net.Conn) *socket {
	s := &socket{Conn: c}
	s.more = sync.NewCond(&s.mu)
	go s.send()
	return s
}

func (s *socket) Read(p []byte) (int, error) {
	n, err := s.Conn.Read(p)
	if errors.Is(err, io.ErrClosedPipe) {
		err = &net.OpError{Op: "read", Net: "tcp", Err: syscall.ECONNRESET}
	}
	return n, err
}

func (s *socket) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return 0, &net.OpError{Op: "write", Net: "tcp", Err: syscall.EPIPE}
	}
	s.queue = append(s.queue, append([]byte(nil), p...))
	s.more.Signal()
	return len(p), nil
}

func (s *socket) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	s.more.Signal()
	return nil
}

// send hands on what was written, and then closes the pipe.
func (s *socket) send() {
	for {
		s.mu.Lock()
		for len(s.queue) == 0 && !s.closed {
			s.more.Wait()
		}
		if len(s.queue) == 0 {
			s.mu.Unlock()
			_ = s.Conn.Close()
			return
		}
		next := s.queue[0]
		s.queue = s.queue[1:]
		s.mu.Unlock()
		if _, err := s.Conn.Write(next); err != nil {
			_ = s.Conn.Close()
			_ = s.Close()
			return
		}
	}
}
