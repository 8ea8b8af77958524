package clamd

import (
	"context"
	"net"
	"time"
)

var longAgo = time.Unix(1, 0)

// conn is a connection to clamd, of one command or of a session of many.
type conn struct {
	net.Conn
	session   bool
	commands  int  // sent in this session
	reused    bool // this session served an earlier scan
	spent     bool // not fit for another command
	idleSince time.Time
}

// command sends a command in its NUL-terminated form and returns its number in
// the session, 0 outside of one. Replies in a session begin with that number.
func (c *conn) command(name string) (id int, err error) {
	line := "z" + name + "\x00"
	if c.session {
		if c.commands++; c.commands == 1 {
			line = "zIDSESSION\x00" + line
		}
		id = c.commands
	}
	_, err = c.Write([]byte(line))
	return id, err
}

// bound puts everything on the connection under ctx's deadline and
// cancellation, until the function it returns is called.
func (c *conn) bound(ctx context.Context) (release func()) {
	deadline, _ := ctx.Deadline() // the zero time means none
	_ = c.SetDeadline(deadline)
	stop := context.AfterFunc(ctx, func() { _ = c.SetDeadline(longAgo) })
	return func() {
		if !stop() {
			c.spent = true // its deadline may still change
		}
	}
}
