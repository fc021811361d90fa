// Command proofcheck checks what a transparency log gives out, knowing nothing of the log but its verifier key.
//
//	proofcheck VKEY PROOF LEAF              a c2sp.org/tlog-proof@v1 file for the bytes of a leaf
//	proofcheck -consistency VKEY OLD NEW HASHES   two checkpoints and a file of hashes, one base64 a line
//
// It exits with 0 and says what holds, or with 1 and says what does not; 2 is a wrong call.
package main

import (
	"encoding/base64"
	"errors"
	"flag"
	"fmt"
	"os"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

const maxHashes = 63

func main() {
	consistency := flag.Bool("consistency", false, "check that one checkpoint's tree begins with another's")
	flag.Parse()
	var holds string
	var err error
	switch {
	case *consistency && flag.NArg() == 4:
		holds, err = checkConsistency(flag.Arg(0), flag.Arg(1), flag.Arg(2), flag.Arg(3))
	case !*consistency && flag.NArg() == 3:
		holds, err = checkProof(flag.Arg(0), flag.Arg(1), flag.Arg(2))
	default:
		fmt.Fprintln(os.Stderr, "usage: proofcheck VKEY PROOF LEAF | proofcheck -consistency VKEY OLD NEW HASHES")
		os.Exit(2)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Println(holds)
}

func checkProof(vkey, proofFile, leafFile string) (string, error) {
	proof, err := os.ReadFile(proofFile)
	if err != nil {
		return "", err
	}
	leaf, err := os.ReadFile(leafFile)
	if err != nil {
		return "", err
	}
	index, hashes, checkpoint, err := parseProof(string(proof))
	if err != nil {
		return "", err
	}
	tree, err := openCheckpoint(vkey, []byte(checkpoint))
	if err != nil {
		return "", err
	}
	if err := tlog.CheckRecord(tlog.RecordProof(hashes), tree.N, tree.Hash, index, tlog.RecordHash(leaf)); err != nil {
		return "", fmt.Errorf("leaf %d of %d: %w", index, tree.N, err)
	}
	return fmt.Sprintf("leaf %d of %d", index, tree.N), nil
}

func checkConsistency(vkey, oldFile, newFile, hashFile string) (string, error) {
	var trees [2]tlog.Tree
	for i, name := range []string{oldFile, newFile} {
		checkpoint, err := os.ReadFile(name)
		if err != nil {
			return "", err
		}
		if trees[i], err = openCheckpoint(vkey, checkpoint); err != nil {
			return "", fmt.Errorf("%s: %w", name, err)
		}
	}
	text, err := os.ReadFile(hashFile)
	if err != nil {
		return "", err
	}
	hashes, err := parseHashes(string(text))
	if err != nil {
		return "", err
	}
	older, newer := trees[0], trees[1]
	if err := tlog.CheckTree(tlog.TreeProof(hashes), newer.N, newer.Hash, older.N, older.Hash); err != nil {
		return "", fmt.Errorf("%d to %d: %w", older.N, newer.N, err)
	}
	return fmt.Sprintf("%d to %d", older.N, newer.N), nil
}

// parseProof takes a proof apart as https://c2sp.org/tlog-proof lays it out.
func parseProof(text string) (index int64, hashes []tlog.Hash, checkpoint string, err error) {
	fail := func(err error) (int64, []tlog.Hash, string, error) { return 0, nil, "", err }
	rest, ok := strings.CutPrefix(text, "c2sp.org/tlog-proof@v1\n")
	if !ok {
		return fail(errors.New("the first line is not c2sp.org/tlog-proof@v1"))
	}
	if after, ok := strings.CutPrefix(rest, "extra "); ok {
		var extra string
		extra, rest, _ = strings.Cut(after, "\n")
		if _, err := base64.StdEncoding.Strict().DecodeString(extra); err != nil {
			return fail(fmt.Errorf("extra: %w", err))
		}
	}
	line, rest, _ := strings.Cut(rest, "\n")
	number, ok := strings.CutPrefix(line, "index ")
	if !ok {
		return fail(fmt.Errorf("an index line was expected, not %q", line))
	}
	if index, err = decimal(number); err != nil {
		return fail(fmt.Errorf("index: %w", err))
	}
	// With a tree of one leaf there are no hashes, and the empty line follows at once.
	lines, checkpoint, ok := strings.Cut("\n"+rest, "\n\n")
	if !ok {
		return fail(errors.New("no empty line before the checkpoint"))
	}
	if lines != "" {
		lines = lines[1:] + "\n"
	}
	if hashes, err = parseHashes(lines); err != nil {
		return fail(err)
	}
	return index, hashes, checkpoint, nil
}

func parseHashes(text string) ([]tlog.Hash, error) {
	var hashes []tlog.Hash
	for line := range strings.Lines(text) {
		hash, err := parseHash(strings.TrimSuffix(line, "\n"))
		if err != nil {
			return nil, fmt.Errorf("hash %d: %w", len(hashes), err)
		}
		hashes = append(hashes, hash)
	}
	if len(hashes) > maxHashes {
		return nil, fmt.Errorf("%d hashes are too many", len(hashes))
	}
	return hashes, nil
}

// openCheckpoint verifies a note with the key and reads it as https://c2sp.org/tlog-checkpoint lays it out.
func openCheckpoint(vkey string, signed []byte) (tlog.Tree, error) {
	verifier, err := note.NewVerifier(vkey)
	if err != nil {
		return tlog.Tree{}, fmt.Errorf("verifier key: %w", err)
	}
	opened, err := note.Open(signed, note.VerifierList(verifier))
	if err != nil {
		return tlog.Tree{}, fmt.Errorf("checkpoint: %w", err)
	}
	lines := strings.Split(opened.Text, "\n")
	if len(lines) < 4 {
		return tlog.Tree{}, errors.New("a checkpoint has three lines at least")
	}
	if lines[0] != verifier.Name() {
		return tlog.Tree{}, fmt.Errorf("the checkpoint is of %q, the key of %q", lines[0], verifier.Name())
	}
	size, err := decimal(lines[1])
	if err != nil {
		return tlog.Tree{}, fmt.Errorf("size: %w", err)
	}
	root, err := parseHash(lines[2])
	if err != nil {
		return tlog.Tree{}, fmt.Errorf("root: %w", err)
	}
	for _, line := range lines[3 : len(lines)-1] {
		if line == "" {
			return tlog.Tree{}, errors.New("an extension line is empty")
		}
	}
	return tlog.Tree{N: size, Hash: root}, nil
}

// decimal reads a number that is written in the one way that C2SP allows.
func decimal(text string) (int64, error) {
	number, err := strconv.ParseInt(text, 10, 64)
	if err != nil || number < 0 || strconv.FormatInt(number, 10) != text {
		return 0, fmt.Errorf("%q is no plain decimal number", text)
	}
	return number, nil
}

func parseHash(text string) (tlog.Hash, error) {
	var hash tlog.Hash
	decoded, err := base64.StdEncoding.Strict().DecodeString(text)
	if err != nil || len(decoded) != tlog.HashSize || strings.ContainsAny(text, "\r\n") {
		return hash, fmt.Errorf("%q is no base64 of %d bytes", text, tlog.HashSize)
	}
	copy(hash[:], decoded)
	return hash, nil
}
