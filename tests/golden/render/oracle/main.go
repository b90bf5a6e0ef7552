// Prints what the library behind kubectl makes of YAML: one JSON line per input line, each a JSON string of YAML text.
// Development only: `python -m tests.golden.render.write_yaml_golden` runs it and rewrites yaml-scalars.json.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"

	"sigs.k8s.io/yaml"
)

func main() {
	in := bufio.NewScanner(os.Stdin)
	in.Buffer(make([]byte, 1<<20), 1<<24)
	for in.Scan() {
		var text string
		if err := json.Unmarshal(in.Bytes(), &text); err != nil {
			panic(err)
		}
		out := map[string]any{"yaml": text}
		if got, err := yaml.YAMLToJSON([]byte(text)); err != nil {
			out["error"] = err.Error()
		} else if !json.Valid(got) {
			out["error"] = "not JSON"
		} else {
			out["json"] = json.RawMessage(got)
		}
		line, err := json.Marshal(out)
		if err != nil {
			panic(err)
		}
		fmt.Println(string(line))
	}
}
