package fakeaws

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
)

// event is a line in a log.
type event struct {
	at    time.Time // written
	shown time.Time // readable from then on
	text  string
}

func logKey(group, stream string) string { return group + "\x00" + stream }

// slow is how long lines take to appear, in that scenario.
const slow = 3 * time.Second

func (s *Server) write(key, line string) {
	if key == "" {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	e := event{at: time.Now(), shown: time.Now(), text: line}
	if s.o.Scenario == SlowLogs {
		e.shown = e.at.Add(slow)
	}
	s.logs[key] = append(s.logs[key], e)
}

// readable are the lines of a stream that have appeared; ok is false for a
// stream that is not there.
func (s *Server) readable(key string) (all []event, ok bool) {
	for _, e := range s.logs[key] {
		if !e.shown.After(time.Now()) {
			all = append(all, e)
		}
	}
	return all, len(all) > 0
}

// getLogEvents reads one stream. The token that leads forward stays the same at
// the end.
//
// https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_GetLogEvents.html
func (s *Server) getLogEvents(in object) (object, error) {
	all, ok := s.readable(logKey(str(in, "logGroupName"), str(in, "logStreamName")))
	if !ok {
		return nil, fail("ResourceNotFoundException", "The specified log stream does not exist.")
	}
	from, limit := 0, 10000
	if n, ok := in["limit"].(float64); ok && n >= 1 {
		limit = int(n)
	}
	if token := str(in, "nextToken"); token != "" {
		n, err := strconv.Atoi(strings.TrimPrefix(token, "f/"))
		if err != nil || n > len(all) {
			return nil, fail("InvalidParameterException", "The specified nextToken is invalid.")
		}
		from = n
	} else if head, _ := in["startFromHead"].(bool); !head {
		from = max(0, len(all)-limit)
	}
	to := min(len(all), from+limit)
	events := []any{}
	for _, e := range all[from:to] {
		events = append(events, object{"timestamp": e.at.UnixMilli(), "ingestionTime": e.shown.UnixMilli(), "message": e.text})
	}
	return object{"events": events, "nextForwardToken": fmt.Sprintf("f/%d", to), "nextBackwardToken": fmt.Sprintf("b/%d", from)}, nil
}

// filterLogEvents reads all streams of a prefix, in the order of time.
//
// https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_FilterLogEvents.html
func (s *Server) filterLogEvents(in object) (object, error) {
	since, _ := in["startTime"].(float64)
	events := []object{}
	for _, key := range slices.Sorted(maps.Keys(s.logs)) {
		group, stream, _ := strings.Cut(key, "\x00")
		if group != str(in, "logGroupName") || !strings.HasPrefix(stream, str(in, "logStreamNamePrefix")) {
			continue
		}
		all, _ := s.readable(key)
		for i, e := range all {
			if e.at.UnixMilli() >= int64(since) {
				events = append(events, object{"eventId": fmt.Sprintf("%s/%d", stream, i), "logStreamName": stream, "timestamp": e.at.UnixMilli(), "message": e.text})
			}
		}
	}
	slices.SortStableFunc(events, func(a, b object) int { return cmp.Compare(a["timestamp"].(int64), b["timestamp"].(int64)) })
	return object{"events": events, "searchedLogStreams": []any{}}, nil
}
