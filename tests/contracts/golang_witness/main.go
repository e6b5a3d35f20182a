// Checks cosignatures with the formats package of transparency.dev, which shares no code with ours:
// a head of ours that our witness cosigned is read by it, and it cosigns the same head as a witness
// of its own. Reads one JSON object, prints the line of the witness that it makes.
package main

import (
	"encoding/json"
	"fmt"
	"os"

	"github.com/transparency-dev/formats/log"
	cosigned "github.com/transparency-dev/formats/note"
	"golang.org/x/mod/sumdb/note"
)

type given struct {
	LogKey     string // as the log shows it
	WitnessKey string // as our witness shows it
	OwnKey     string // a private key as our witness keeps it, for the other witness
	Note       string
	At         int64
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
	byLog, err := note.NewVerifier(in.LogKey)
	must(err, "key of the log")
	byWitness, err := cosigned.NewVerifierForCosignatureV1(in.WitnessKey)
	must(err, "key of the witness")
	head, _, opened, err := log.ParseCheckpoint([]byte(in.Note), byLog.Name(), byLog, byWitness)
	must(err, "checkpoint")
	if len(opened.Sigs) != 2 || head.Origin != byLog.Name() {
		must(fmt.Errorf("%d signatures hold", len(opened.Sigs)), "checkpoint")
	}
	at, err := cosigned.CoSigV1Timestamp(opened.Sigs[1])
	must(err, "time")
	if at.Unix() != in.At {
		must(fmt.Errorf("%d", at.Unix()), "another time:")
	}
	signer, err := cosigned.NewSignerForCosignatureV1(in.OwnKey)
	must(err, "private key")
	again, err := note.Sign(&note.Note{Text: opened.Text}, signer)
	must(err, "sign")
	fmt.Print(string(again[len(opened.Text)+1:]))
}
