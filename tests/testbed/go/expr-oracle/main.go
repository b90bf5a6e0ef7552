// Command expr-oracle says what the real expr-lang library makes of conditions of an AnalysisTemplate.
//
// It reads JSON lines {"expr", "kind", "result"} and prints, for each, the value and its Go type, or the stage
// ("compile" or "run") at which it failed. "kind" is the Go type in which the metric provider hands over its result:
// floats ([]float64, Prometheus vectors), float (float64), json (what encoding/json decodes to).
package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"strconv"

	"github.com/expr-lang/expr"
)

type question struct {
	Expr   string          `json:"expr"`
	Kind   string          `json:"kind"`
	Result json.RawMessage `json:"result"`
}

type answer struct {
	Value  any    `json:"value"`
	Type   string `json:"type,omitempty"`
	Failed string `json:"failed,omitempty"`
	Error  string `json:"error,omitempty"`
}

func number(value any) float64 {
	switch v := value.(type) {
	case float64:
		return v
	case int:
		return float64(v)
	case int64:
		return float64(v)
	case string:
		if parsed, err := strconv.ParseFloat(v, 64); err == nil {
			return parsed
		}
	}
	panic(fmt.Sprintf("%T is not a number", value))
}

func whole(value any) int64 {
	if text, ok := value.(string); ok {
		parsed, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			panic(err)
		}
		return parsed
	}
	return int64(number(value))
}

func environment(result any) map[string]any {
	return map[string]any{
		"result":  result,
		"asInt":   whole,
		"asFloat": number,
		"isNaN":   math.IsNaN,
		"isInf":   func(value float64) bool { return math.IsInf(value, 0) },
		"isNil":   func(any) bool { return result == nil },
		"default": func(_ any, otherwise any) any {
			if result == nil {
				return otherwise
			}
			return result
		},
	}
}

func decode(q question) (any, error) {
	if len(q.Result) == 0 {
		return nil, nil
	}
	switch q.Kind {
	case "floats":
		var texts []string
		if err := json.Unmarshal(q.Result, &texts); err != nil {
			return nil, err
		}
		values := []float64{}
		for _, text := range texts {
			value, err := strconv.ParseFloat(text, 64)
			if err != nil {
				return nil, err
			}
			values = append(values, value)
		}
		return values, nil
	case "float":
		var text string
		if err := json.Unmarshal(q.Result, &text); err != nil {
			return nil, err
		}
		return strconv.ParseFloat(text, 64)
	case "json":
		var value any
		return value, json.Unmarshal(q.Result, &value)
	}
	return nil, errors.New("unknown kind " + q.Kind)
}

func solve(q question) (a answer) {
	result, err := decode(q)
	if err != nil {
		return answer{Failed: "question", Error: err.Error()}
	}
	env := environment(result)
	program, err := expr.Compile(q.Expr, expr.Env(env))
	if err != nil {
		return answer{Failed: "compile", Error: err.Error()}
	}
	value, err := expr.Run(program, env)
	if err != nil {
		return answer{Failed: "run", Error: err.Error()}
	}
	shown := value
	if _, err := json.Marshal(value); err != nil { // NaN, infinities, functions
		shown = fmt.Sprint(value)
	}
	return answer{Value: shown, Type: fmt.Sprintf("%T", value)}
}

func main() {
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(make([]byte, 1<<20), 1<<20)
	out := json.NewEncoder(os.Stdout)
	out.SetEscapeHTML(false)
	for lines.Scan() {
		var q question
		if err := json.Unmarshal(lines.Bytes(), &q); err != nil {
			_ = out.Encode(answer{Failed: "question", Error: err.Error()})
			continue
		}
		_ = out.Encode(solve(q))
	}
}
