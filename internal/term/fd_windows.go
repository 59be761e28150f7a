package term

import "errors"

// fdReader reads nothing: [ParseSource] has refused the source.
type fdReader int

func (fdReader) Read([]byte) (int, error) { return 0, errors.ErrUnsupported }
