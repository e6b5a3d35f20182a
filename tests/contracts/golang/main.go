// Checks what our log wrote with the implementation of Go's checksum database, which shares no code
// with ours: notes, tiles, inclusion and consistency. Reads one JSON object, says what is wrong.
package main

import (
	"encoding/json"
	"fmt"
	"os"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

type proof struct {
	Index int64
	Path  []tlog.Hash
}

type given struct {
	Key     string // as our verifier_key writes it
	Note    string
	Entries [][]byte
	Size    int64
	Root    tlog.Hash
	Proofs  []proof
	Trees   []struct {
		Size int64
		Root tlog.Hash
		Path []tlog.Hash
	}
	Tiles []struct {
		L, N int
		W    int
		Data []byte
	}
}

func must(err error, what string) {
	if err != nil {
		fmt.Fprintln(os.Stderr, what, err)
		os.Exit(1)
	}
}

func main() {
	var in given
	must(json.NewDecoder(os.Stdin).Decode(&in), "input")
	verifier, err := note.NewVerifier(in.Key)
	must(err, "key")
	opened, err := note.Open([]byte(in.Note), note.VerifierList(verifier))
	must(err, "note")

	stored := []tlog.Hash{}
	reader := tlog.HashReaderFunc(func(indexes []int64) ([]tlog.Hash, error) {
		found := []tlog.Hash{}
		for _, index := range indexes {
			found = append(found, stored[index])
		}
		return found, nil
	})
	for n, entry := range in.Entries {
		hashes, err := tlog.StoredHashes(int64(n), entry, reader)
		must(err, "stored")
		stored = append(stored, hashes...)
	}
	root, err := tlog.TreeHash(in.Size, reader)
	must(err, "tree")
	var name, text string
	var size int64
	_, err = fmt.Sscanf(opened.Text, "%s\n%d\n%s\n", &name, &size, &text)
	must(err, "text")
	if root != in.Root || text != root.String() || size != in.Size || name != verifier.Name() {
		must(fmt.Errorf("%s %d", text, size), "another head:")
	}
	for _, one := range in.Proofs {
		leaf := tlog.RecordHash(in.Entries[one.Index])
		must(tlog.CheckRecord(one.Path, in.Size, root, one.Index, leaf), "inclusion")
	}
	for _, tree := range in.Trees {
		must(tlog.CheckTree(tree.Path, in.Size, root, tree.Size, tree.Root), "consistency")
	}
	for _, one := range in.Tiles {
		tile := tlog.Tile{H: 8, L: one.L, N: int64(one.N), W: one.W}
		data, err := tlog.ReadTileData(tile, reader)
		must(err, "tile")
		if string(data) != string(one.Data) {
			must(fmt.Errorf("%s", tile.Path()), "another tile:")
		}
	}
	fmt.Println("ok")
}
