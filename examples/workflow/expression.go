package workflow

import (
	"errors"
	"fmt"
	"slices"

	"github.com/jmespath-community/go-jmespath/pkg/binding"
	"github.com/jmespath-community/go-jmespath/pkg/functions"
	"github.com/jmespath-community/go-jmespath/pkg/interpreter"
	"github.com/jmespath-community/go-jmespath/pkg/parsing"
)

// currentItem is the variable that holds Scope.JSON. The JMESPath of the
// community edition has variables (lexical scope), so `$json.messageId` is an
// expression like any other and nothing is replaced in its text.
const currentItem = "$json"

// maxExpressionBytes keeps the recursive parser's stack small.
const maxExpressionBytes = 4 << 10

type expression struct {
	ast parsing.ASTNode
}

func parseExpression(text string) (_ *expression, err error) {
	defer recoverTo(&err)
	if len(text) > maxExpressionBytes {
		return nil, fmt.Errorf("%w: expression longer than %d bytes", ErrSyntax, maxExpressionBytes)
	}
	ast, err := parsing.NewParser().Parse(text)
	if err == nil {
		err = checkExpression(ast, []string{currentItem})
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrSyntax, err)
	}
	return &expression{ast}, nil
}

// checkExpression refuses what would only show when it is evaluated: unknown
// names, whatever walks a map in its random order, and memory bombs.
func checkExpression(node parsing.ASTNode, variables []string) error {
	switch node.NodeType {
	case parsing.ASTValueProjection:
		return fmt.Errorf(".* has no defined order")
	case parsing.ASTFunctionExpression:
		name, _ := node.Value.(string)
		if err := checkFunction(name); err != nil {
			return err
		}
	case parsing.ASTVariable:
		if name, _ := node.Value.(string); !slices.Contains(variables, name) {
			return fmt.Errorf("unknown variable %s", name)
		}
	case parsing.ASTLetExpression:
		for _, bound := range node.Children[0].Children {
			if len(bound.Children) != 2 { // the parser lets `let in` pass
				return errors.New("let binds nothing")
			}
			name, _ := bound.Children[0].Value.(string)
			variables = append(slices.Clip(variables), name)
			if err := checkExpression(bound.Children[1], variables); err != nil {
				return err
			}
		}
		return checkExpression(node.Children[1], variables)
	}
	for _, child := range node.Children {
		if err := checkExpression(child, variables); err != nil {
			return err
		}
	}
	return nil
}

func checkFunction(name string) error {
	switch name {
	case "keys", "values", "items":
		return fmt.Errorf("%s() has no defined order", name)
	case "pad_left", "pad_right":
		return fmt.Errorf("%s() may take any amount of memory", name)
	}
	known := func(f functions.FunctionEntry) bool { return f.Name == name }
	if !slices.ContainsFunc(functions.GetDefaultFunctions(), known) {
		return fmt.Errorf("unknown function %s()", name)
	}
	return nil
}

// resolve evaluates the expression. It never returns nil without an error.
func (e *expression) resolve(scope Scope) (value any, err error) {
	defer recoverTo(&err)
	root := map[string]any{"context": scope.Context}
	caller := interpreter.NewFunctionCaller(functions.GetDefaultFunctions()...)
	variables := binding.NewBindings().Register(currentItem, scope.JSON)
	value, err = interpreter.NewInterpreter(root, caller, variables).Execute(e.ast, root)
	if err == nil && value == nil {
		err = ErrNothing
	}
	return value, err
}

// recoverTo makes an error of a panic in the JMESPath library: it looks into
// Go values by reflection and panics at those without fields, and its parser
// does at some malformed text.
func recoverTo(err *error) {
	if r := recover(); r != nil {
		*err = fmt.Errorf("%w: cannot be evaluated: %v", ErrSyntax, r)
	}
}
