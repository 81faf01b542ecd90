#!/bin/sh
# Gets data sets into datasets/, checked. `scripts/get_data.sh --help` says how.
set -u
export LC_ALL=C

usage()
{
    cat <<'END'
usage: scripts/get_data.sh [--to DIR] [--manifest FILE] SET..|all
       scripts/get_data.sh --list

Gets data sets (all: every one there is) into datasets/SET/. Nothing is kept that is not what
datasets/manifest says: number of samples, samples of each class, and the sha256 of the values.
Files that are there are checked and stay as they are.

  --to DIR         the folder of the data sets [datasets]
  --manifest FILE  what to get and from where [datasets/manifest]
  --list           prints the names of the sets
  --help           prints this

DIYNN_MIRROR=DIR takes the files from DIR/SET/ and not from the network. There cifar10 may be a
copy in JPEG images (cifar10-jpg.tar.gz), which ./diynn decodes: the pictures are nearly the same.

Exit code: 0 all there, 1 something could not be had, 2 wrong usage.
END
}

say()
{
    printf 'get_data: %s\n' "$*" >&2
}

wrong_usage()
{
    say "$1; see --help"
    exit 2
}

root=$(dirname "$0")/../
[ "$root" != scripts/../ ] || root=
to=${root}datasets
manifest=${root}datasets/manifest
sets=
list=
while [ $# -gt 0 ]; do
    case $1 in
    --help | -h)
        usage
        exit 0
        ;;
    --list) list=1 ;;
    --to | --manifest)
        [ $# -gt 1 ] || wrong_usage "$1 needs a value"
        if [ "$1" = --to ]; then to=$2; else manifest=$2; fi
        shift
        ;;
    -*) wrong_usage "unknown option $1" ;;
    *) sets="$sets $1" ;;
    esac
    shift
done
[ -r "$manifest" ] || wrong_usage "cannot read $manifest"
known=$(awk '$1 == "file" && !seen[$2]++ { printf "%s%s", sep, $2; sep = " " }' "$manifest")
if [ -n "$list" ]; then
    printf '%s\n' "$known" | tr ' ' '\n'
    exit 0
fi
[ -n "$sets" ] || wrong_usage "which set? one of: $known, or all"
case " $sets " in
*" all "*) sets=$known ;;
esac
for set in $sets; do
    case " $known " in
    *" $set "*) ;;
    *) wrong_usage "unknown set '$set'; there are: $known" ;;
    esac
done

work=
trap '[ -z "$work" ] || rm -rf "$work"' EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM

sum() # ALGORITHM FILE
{
    if command -v "$1sum" >/dev/null 2>&1; then
        "$1sum" <"$2" | cut -d ' ' -f 1
    else
        openssl dgst -r "-$1" <"$2" | cut -d ' ' -f 1
    fi
}

# ---- layouts: from the file as it is loaded to the text or bytes inside, and to what we keep ------

# Unpacks $1 to $2; false with the reason in $reason.
unpack()
{
    magic=$(head -c 3 "$1" | od -An -tx1 | tr -d ' \n')
    case $magic in
    1f8b*) tool=gzip ;;
    425a68) tool=bzip2 ;;
    *)
        reason="is neither gzip nor bzip2"
        head -c 512 "$1" | tr '[:upper:]' '[:lower:]' | grep -Eq '<(!doctype|html|head|\?xml)' &&
            reason="is a web page, not data"
        [ -s "$1" ] || reason="is empty"
        return 1
        ;;
    esac
    command -v $tool >/dev/null 2>&1 || {
        reason="needs the program $tool"
        return 1
    }
    $tool -dc <"$1" >"$2" 2>/dev/null || {
        reason="is cut short or damaged"
        return 1
    }
}

# USPS: a line per sample, the digit and 256 values, written with six decimals.
# shellcheck disable=SC2317 # called as content_$format
content_usps()
{
    awk '{
        if (NF != 257) {
            print "line " NR " has " NF " numbers, not 257"
            exit 1
        }
        for (i = 1; i <= NF; i++)
            if ($i !~ /^-?[0-9]+(\.[0-9]+)?$/ || $i < -1 || (i > 1 && $i > 1)) {
                print "line " NR ": number " i " is " substr($i, 1, 20)
                exit 1
            }
        line = sprintf("%d", $1)
        for (i = 2; i <= NF; i++)
            line = line sprintf(" %.6f", $i)
        gsub(/-0\.000000/, "0.000000", line)
        print line
    }'
}

# libsvm to the layout of ESL: labels 1..10 are the digits 0..9; an index that is left out is 0.
libsvm_to_usps()
{
    awk '{
        split("", v)
        for (i = 2; i <= NF; i++) {
            colon = index($i, ":")
            v[substr($i, 1, colon - 1)] = substr($i, colon + 1)
        }
        printf "%.4f", $1 - 1
        for (i = 1; i <= 256; i++)
            printf " %.4f", v[i]
        print " "
    }'
}

# IDX: the unpacked bytes are the same everywhere. Fails with $reason unless $1 has $samples samples,
# as many of each class as $counts says (labels; `-`: images), and the bytes of $content.
check_idx()
{
    [ "$(head -c 3 "$1" | od -An -tx1 | tr -d ' \n')" = 000008 ] || {
        reason="is no IDX file of bytes"
        return 1
    }
    n=$(od -An -tu1 -j4 -N4 "$1" | awk '{ print (($1 * 256 + $2) * 256 + $3) * 256 + $4 }')
    [ "$n" = "$samples" ] || {
        reason="has $n samples, not $samples"
        return 1
    }
    if [ "$counts" != - ]; then
        got=$(od -An -v -tu1 -j8 "$1" | awk '
            { for (i = 1; i <= NF; i++) { n[$i]++; if ($i > most) most = $i } }
            END { for (i = 0; i <= most; i++) printf "%s%d", i ? "," : "", n[i] }')
        [ "$got" = "$counts" ] || {
            reason="has other numbers of samples per class: $got, not $counts"
            return 1
        }
    fi
    got=$(sum sha256 "$1")
    [ "$got" = "$content" ] || {
        reason="has other bytes than the published data (sha256 $got)"
        return 1
    }
}

# CIFAR: rows of a byte for the class and 3072 values.
check_cifar()
{
    n=$(wc -c <"$1" | tr -d ' ')
    [ "$n" = $((samples * 3073)) ] || {
        reason="has $n bytes, not $samples rows of 3073"
        return 1
    }
    # a class of 10 would end a line: it becomes 255
    got=$(tr '\n' '\377' <"$1" | fold -b -w 3073 | cut -b 1 | tr -d '\n' | od -An -v -tu1 | awk '
        { for (i = 1; i <= NF; i++) { n[$i]++; if ($i > most) most = $i } }
        END { for (i = 0; i <= most; i++) printf "%s%d", i ? "," : "", n[i] }')
    [ "$got" = "$counts" ] || {
        reason="has other numbers of samples per class: $got, not $counts"
        return 1
    }
}

# Names of classes, a line each.
check_names()
{
    got=$(grep . "$1" | tr '\n' ',')
    [ "$got" = "$counts," ] || {
        reason="has other names: $(printf %s "$got" | head -c 60), not $counts"
        return 1
    }
}

# The members of a packed archive, one behind the other, as $2.
unpack_members() # ARCHIVE TO MEMBER..
{
    archive=$1
    unpacked=$2
    shift 2
    : >"$unpacked"
    for member; do
        gzip -dc <"$archive" 2>"$work/said" | tar -xOf - "$member" >>"$unpacked" 2>>"$work/said" || {
            reason="has no sound $member: $(tail -n 1 "$work/said")"
            return 1
        }
    done
}

# $file from CIFAR's own archive $1, as $2: the training part lies there in five files.
unpack_cifar()
{
    dir=cifar-10-batches-bin
    case $file in
    train.bin)
        unpack_members "$1" "$2" "$dir/data_batch_1.bin" "$dir/data_batch_2.bin" \
            "$dir/data_batch_3.bin" "$dir/data_batch_4.bin" "$dir/data_batch_5.bin"
        ;;
    test.bin) unpack_members "$1" "$2" "$dir/test_batch.bin" ;;
    *) unpack_members "$1" "$2" "$dir/$file" ;;
    esac
}

# $file from an archive $1 of JPEG images in cifar10/train/CLASS/ and cifar10/test/CLASS/, as $2.
# The program itself decodes them; images of the classes take turns.
unpack_jpeg()
{
    part=${file%.bin}
    if [ "$part" = "$file" ]; then # the names of the classes
        gzip -dc <"$1" 2>"$work/said" | tar -tf - 2>>"$work/said" |
            awk -F / '$2 == "train" && NF == 4 && $4 != "" { print $3 }' | sort -u >"$2"
        return
    fi
    diynn=${DIYNN:-${root:-./}diynn}
    [ -x "$diynn" ] || {
        reason="holds JPEG images, which need the program diynn (make builds it)"
        return 1
    }
    tree=$work/tree
    rm -rf "$tree"
    mkdir "$tree"
    gzip -dc <"$1" 2>"$work/said" | tar -xf - -C "$tree" "cifar10/$part" 2>>"$work/said" || {
        reason="is damaged or has no cifar10/$part: $(tail -n 1 "$work/said")"
        return 1
    }
    (cd "$tree/cifar10/$part" && find . -name '*.jpg') |
        awk -F / 'NF == 3 { print $3 "\t" $2 }' | sort |
        awk -F '\t' -v part="$part" '{ print part "/" $2 "/" $1 "\t" $2 }' >"$tree/cifar10/list"
    "$diynn" data -q --format images --set data.shape=3x32x32 --set data.cache=no --export cifar \
        -o "$tree" "$tree/cifar10/list" >"$work/said" 2>&1 || {
        reason="cannot be decoded: $(tail -n 1 "$work/said")"
        return 1
    }
    mv "$tree/list.bin" "$2"
    rm -rf "$tree"
}

# ---- one file --------------------------------------------------------------------------------------

# Checks the unpacked $1 against the manifest's line of the file: $format $samples $counts $content.
# $2: folder for what this needs.
check_content()
{
    case $format in
    idx) check_idx "$1" ;;
    cifar) check_cifar "$1" ;;
    names) check_names "$1" ;;
    *) check_text "$1" "$2" ;;
    esac
}

# Text of any layout, by its values. A known copy is right by its bytes alone.
check_text()
{
    got=$(sum sha256 "$1")
    ! awk -v s="$set" -v f="$file" -v raw="$got" '
        $1 == "copy" && $2 == s && $3 == f && $5 == raw { found = 1 }
        END { exit !found }' "$manifest" || return 0
    "content_$format" <"$1" >"$2/content" || {
        reason=$(tail -n 1 "$2/content")
        return 1
    }
    n=$(wc -l <"$2/content" | tr -d ' ')
    [ "$n" = "$samples" ] || {
        reason="has $n samples, not $samples"
        return 1
    }
    got=$(awk '{ n[$1]++; if ($1 > most) most = $1 }
        END { for (i = 0; i <= most; i++) printf "%s%d", i ? "," : "", n[i] }' "$2/content")
    [ "$got" = "$counts" ] || {
        reason="has other numbers of samples per class: $got, not $counts"
        return 1
    }
    got=$(sum sha256 "$2/content")
    [ "$got" = "$content" ] || {
        reason="has other values than the published data (sha256 $got)"
        return 1
    }
}

# Makes $work/result of the loaded $work/load in $layout; false with $reason.
accept()
{
    case $layout in
    cifar) unpack_cifar "$work/load" "$work/raw" || return 1 ;;
    jpeg) unpack_jpeg "$work/load" "$work/raw" || return 1 ;;
    *) unpack "$work/load" "$work/raw" || return 1 ;;
    esac
    case $layout in
    cifar | jpeg) cp "$work/raw" "$work/result" ;;
    libsvm)
        libsvm_to_usps <"$work/raw" >"$work/text"
        mv "$work/text" "$work/raw"
        gzip -nc <"$work/raw" >"$work/result"
        ;;
    *) mv "$work/load" "$work/result" ;;
    esac
    check_content "$work/raw" "$work"
}

# Checksums that the source publishes; false with $reason.
check_sums()
{
    if [ "$packed" != - ]; then
        [ "$(sum "${packed%%:*}" "$work/load")" = "${packed#*:}" ] || {
            reason="has another checksum than $packed"
            unpack "$work/load" "$work/raw"
            return 1
        }
    fi
    [ "$raw" != - ] || return 0
    unpack "$work/load" "$work/raw" || return 1
    n=$(wc -c <"$work/raw" | tr -d ' ')
    [ "$n" = "$size" ] || {
        reason="has $n bytes when unpacked, not $size"
        return 1
    }
    [ "$(sum sha256 "$work/raw")" = "$raw" ] || {
        reason="has other bytes than sha256 $raw"
        return 1
    }
}

# Loads $address to $work/load; an archive that was loaded for the file before is still there.
load()
{
    if [ "$loaded" = "$address" ]; then
        mv "$work/keep/load" "$work/load"
        return
    fi
    rm -f "$work/keep/load"
    loaded=
    if [ -n "${DIYNN_MIRROR:-}" ]; then
        cp "$from" "$work/load" 2>"$work/said" || {
            say "cannot read $from: $(tail -n 1 "$work/said")"
            return 1
        }
        # other bytes may be right too, unless nothing else tells
        [ "$content" = - ] || return 0
    else
        say "loading $from"
        curl --fail --location --silent --show-error --retry 2 --connect-timeout 20 \
            --max-time 1800 --max-filesize 2000000000 --output "$work/load" "$from" \
            </dev/null 2>"$work/said" || {
            say "cannot load $from: $(tail -n 1 "$work/said")"
            return 1
        }
    fi
    check_sums || {
        say "refused: $from $reason"
        return 1
    }
}

# Loads and checks from one source; messages on the way; false when it is not to be had there.
try_source()
{
    reason=
    if [ -n "${DIYNN_MIRROR:-}" ]; then
        name=${address#mirror:}
        from=$DIYNN_MIRROR/$set/${name##*/}
        [ -e "$from" ] || return 1
    else
        from=$address
        [ "$from" = "${from#mirror:}" ] || return 1
    fi
    found=1
    load || return 1
    accept || {
        say "refused: $from $reason"
        return 1
    }
    case $layout in
    cifar | jpeg)
        mv "$work/load" "$work/keep/load"
        loaded=$address
        ;;
    esac
}

# $1 as it is unpacked, as $2.
open_target()
{
    case $format in
    cifar | names) cp "$1" "$2" ;;
    *) unpack "$1" "$2" ;;
    esac
}

# The file $set/$file: there already, or from the first source that has it.
get_file()
{
    target=$to/$set/$file
    if [ -e "$target" ]; then
        if open_target "$target" "$work/raw" && check_content "$work/raw" "$work"; then
            say "$target is there: $samples samples, checked"
            return 0
        fi
        say "$target is there but $reason; remove it and run this again"
        return 1
    fi
    if [ -z "${DIYNN_MIRROR:-}" ] && ! command -v curl >/dev/null 2>&1; then
        say "needs the program curl (scripts/deps.sh run gets it)"
        return 1
    fi
    found=
    while read -r word s f layout size raw packed address <&3; do
        [ "$word $s $f" = "source $set $file" ] || continue
        find "$work" -maxdepth 1 -type f -exec rm -f {} +
        if try_source; then
            chmod 644 "$work/result"
            mv "$work/result" "$target" || return 1
            say "$target: $samples samples, checked"
            return 0
        fi
    done 3<"$manifest"
    if [ -n "${DIYNN_MIRROR:-}" ] && [ -z "$found" ]; then
        say "$DIYNN_MIRROR/$set has no $(awk -v s="$set" -v f="$file" '
            $1 == "source" && $2 == s && $3 == f {
                n = split($8, part, "[/:]")
                if (!seen[part[n]]++) {
                    printf "%s%s", sep, part[n]
                    sep = " or "
                }
            }' "$manifest")"
    fi
    say "$target could not be had"
    return 1
}

if [ -n "${DIYNN_MIRROR:-}" ] && [ ! -d "$DIYNN_MIRROR" ]; then
    say "DIYNN_MIRROR=$DIYNN_MIRROR is not a folder"
    exit 1
fi

failed=0
for set in $sets; do
    mkdir -p "$to/$set" || exit 1
    # in the same folder, so that mv is a rename
    work=$(mktemp -d "$to/$set/.get.XXXXXX") || exit 1
    mkdir "$work/keep" || exit 1
    loaded=
    while read -r word s file format samples counts content <&4; do
        [ "$word $s" = "file $set" ] || continue
        get_file || failed=1
    done 4<"$manifest"
    rm -rf "$work"
    work=
    rmdir "$to/$set" 2>/dev/null
done
exit $failed
