# Standard input is one JSON object: event, run_id, session_id, workspace_root, tool_name, tool_args, command.
# Exit 0 allows, exit 2 refuses, and standard error is the reason that the model is told.
if grep -q '"command":"[^"]*git push'; then
  echo "pushing is for people" >&2
  exit 2
fi
