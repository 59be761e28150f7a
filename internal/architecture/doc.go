// Package architecture holds no code, only the test that enforces which
// package may import which. The test is the map of the house: read its table.
package architecture
