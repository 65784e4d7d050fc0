# beat.sh <folder> <name>: says that it lives, every 50 ms, until somebody ends it.
echo $$ > "$1/$2.pid"
while :; do
  echo . >> "$1/$2.beat"
  sleep 0.05
done
