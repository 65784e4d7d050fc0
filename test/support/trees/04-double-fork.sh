# A daemon: a session of its own, and its parent is gone.
here=$(dirname "$0")
(setsid sh "$here/beat.sh" "$1" daemon < /dev/null > /dev/null 2>&1 &)
exec sh "$here/beat.sh" "$1" leader
