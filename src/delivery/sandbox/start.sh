# Last step before a confined program, at every level, already without privileges: start.sh CWD NAME... -- PROGRAM...
# Each NAME of the environment arrives as SLIPWAY_ENV_NAME, so that no value (LD_PRELOAD, PATH) acts on the tools that confine.
cd "$1" || exit 125
shift
while [ "$1" != "--" ]; do
  eval "export $1=\"\$SLIPWAY_ENV_$1\""
  unset "SLIPWAY_ENV_$1"
  shift
done
shift
unset PWD OLDPWD
{ echo started >&3; } 2>/dev/null
exec 3>&-
exec "$@"
