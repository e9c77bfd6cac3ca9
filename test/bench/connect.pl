# New connections as fast as they go: in the Perl that every Debian has (perl-base), since Node itself takes longer for a connection
# than the kernel does, and would hide what the kernel does about it.
#
#   perl connect.pl serve ADDRESS PORT          accepts and closes, until it is killed; prints "listening"
#   perl connect.pl connect ADDRESS PORT TIME   connects for TIME seconds; prints how often, and in how many seconds
#
# The server ends each by a reset, so that neither side keeps a socket in TIME_WAIT and no port runs out. A client that
# waited for each before the next would measure how fast a process is woken up.
use strict;
use warnings;
use Errno qw(ECONNRESET EINPROGRESS);
use POSIX ();
use Socket qw(:DEFAULT SOCK_NONBLOCK SOCK_CLOEXEC);

my ( $what, $address, $port, $seconds ) = @ARGV;
my $there     = pack_sockaddr_in( $port, inet_aton($address) );
my $at_a_time = 64;

# Seconds in steps of 10 ms: the finer Time::HiRes is not part of the smallest Debian.
sub now { return ( POSIX::times() )[0] / POSIX::sysconf(POSIX::_SC_CLK_TCK) }

sub tcp {
    my ($flags) = @_;
    socket( my $socket, PF_INET, SOCK_STREAM | $flags, 0 ) or die "socket: $!";
    return $socket;
}

if ( $what eq 'serve' ) {
    my $server = tcp(0);
    setsockopt( $server, SOL_SOCKET, SO_REUSEADDR, 1 ) or die "reuse: $!";
    # Those that are accepted inherit it: close sends a reset.
    setsockopt( $server, SOL_SOCKET, SO_LINGER, pack( 'ii', 1, 0 ) ) or die "linger: $!";
    bind( $server, $there ) && listen( $server, 1024 ) or die "$address:$port: $!";
    $| = 1;
    print "listening\n";
    while ( accept( my $connection, $server ) ) { close $connection }
    die "accept: $!";
}

my $begin = now();
my $count = 0;
check( begin_one() );
while ( now() - $begin < $seconds ) {
    end_all( map { begin_one() } 1 .. $at_a_time );
    $count += $at_a_time;
}
printf "%d %.2f\n", $count, now() - $begin;

sub begin_one {
    my $socket = tcp( SOCK_NONBLOCK | SOCK_CLOEXEC );
    connect( $socket, $there ) or $! == EINPROGRESS or die "connect to $address:$port: $!";
    return $socket;
}

# Waits until the other end has reset all of them.
sub end_all {
    my $waiting = '';
    vec( $waiting, fileno($_), 1 ) = 1 for @_;
    while ( $waiting =~ /[^\0]/ ) {
        select( my $ended = $waiting, undef, undef, 10 ) or die "$address:$port does not answer";
        $waiting ^= $ended;
    }
    close $_ for @_;
}

# A connection that is refused ends, too, and would be counted.
sub check {
    my ($socket) = @_;
    my $written = '';
    vec( $written, fileno($socket), 1 ) = 1;
    select( undef, $written, undef, 10 ) or die "$address:$port does not answer";
    my $error = unpack 'i', getsockopt( $socket, SOL_SOCKET, SO_ERROR );
    die "connect to $address:$port: " . ( $! = $error ) if $error && $error != ECONNRESET;
    close $socket;
}
